namespace Dfss.Tests.Records.Simulation;

/// <summary>What happens to one member's disk, besides crashes.</summary>
public enum Hazard
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>An earlier state is put back, any number of times.</summary>
    PutBack,

    /// <summary>An earlier state is put on another machine too, and both copies run.</summary>
    Copied,
}

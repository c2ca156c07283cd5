namespace Dfss.Storage;

/// <summary>How a store on this machine runs.</summary>
internal sealed record LocalStoreOptions
{
    /// <summary>The clock of the grace period.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Called, from any thread, with a line about what an operator should know.</summary>
    public Action<string>? Log { get; init; }

    /// <summary>Says what drive and file system a folder is on.</summary>
    public Func<string, (DriveType Type, string Format)> FindFileSystem { get; init; } = StoreFileSystem.Find;
}

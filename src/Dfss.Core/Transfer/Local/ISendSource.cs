namespace Dfss.Transfer;

/// <summary>What is sent: a local file, or a stream.</summary>
internal interface ISendSource
{
    /// <summary>What messages call it.</summary>
    string Path { get; }

    /// <summary>The length in bytes; null while it is not known.</summary>
    long? KnownLength { get; }

    /// <summary>The time of the last write.</summary>
    UnixTime Modified { get; }

    /// <summary>The permission bits; null where there are none.</summary>
    int? UnixMode { get; }
}

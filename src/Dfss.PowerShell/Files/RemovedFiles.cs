namespace Dfss.Commands;

/// <summary>Whether names of removed files are looked for.</summary>
internal enum RemovedFiles
{
    /// <summary>No.</summary>
    LeftOut,

    /// <summary>Yes, and no others.</summary>
    Only,

    /// <summary>Yes, besides the others.</summary>
    Too,
}

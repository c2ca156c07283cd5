using Dfss.Transfer;

namespace Dfss;

/// <summary>A file that was copied through a session.</summary>
public sealed class DfssItemCopy
{
    internal DfssItemCopy(string source, ItemCopyResult result, string? address)
    {
        SourcePath = source;
        TargetPath = result.Destination;
        Length = result.Length;
        PresentBytes = result.PresentBytes;
        State = result.IsUnchanged ? "Unchanged" : result.PresentBytes > 0 ? "Resumed" : "Copied";
        Route = address ?? "Session";
    }

    /// <summary>The full path of the source, at its side.</summary>
    public string SourcePath { get; }

    /// <summary>The full path of the copy, at its side.</summary>
    public string TargetPath { get; }

    /// <summary>The length in bytes.</summary>
    public long Length { get; }

    /// <summary>The bytes that were there already, verified at both sides.</summary>
    public long PresentBytes { get; }

    /// <summary>Copied; Resumed, if a part was there; Unchanged, if all of it was.</summary>
    public string State { get; }

    /// <summary>The address of the direct connection; Session, if the bytes went through the session.</summary>
    public string Route { get; }

    /// <summary>No path, which a file cmdlet would take for one of this machine.</summary>
    public override string ToString() => OutputText.Of(TargetPath);
}

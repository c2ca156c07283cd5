namespace Dfss.Security;

/// <content>When the user's certificate was last to be renewed.</content>
public sealed partial class ClusterMembership
{
    private const string RenewalFile = "renewal";

    /// <summary>When a command last tried to renew a certificate of this cluster; null for never.</summary>
    internal DateTimeOffset? RenewalTried
    {
        get
        {
            FileInfo file = new(Path.Combine(Folder, RenewalFile));
            return file.Exists ? new DateTimeOffset(file.LastWriteTimeUtc) : null;
        }
    }

    /// <summary>Notes that a command tries to.</summary>
    /// <exception cref="DfssException">DestinationUnwritable.</exception>
    internal void NoteRenewalTried(DateTimeOffset now)
    {
        string path = Path.Combine(Folder, RenewalFile);
        PrivateFile.Touch(path);
        try
        {
            File.SetLastWriteTimeUtc(path, now.UtcDateTime);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DfssException(DfssErrorCode.DestinationUnwritable, $"'{path}' cannot be written: {error.Message}", error);
        }
    }
}

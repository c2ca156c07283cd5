namespace Dfss.Clusters;

/// <content>Leaving a cluster, or forgetting it.</content>
public sealed partial class ClusterMembership
{
    /// <summary>
    /// Deletes all that this user has of the cluster on this machine: certificates, keys, the list of peers, and the
    /// authority where it is here. The file that marks the folder as a cluster goes last, so an interrupted removal is
    /// continued by the next one.
    /// </summary>
    /// <exception cref="DfssException">DestinationUnwritable.</exception>
    public void Remove()
    {
        try
        {
            DirectoryInfo folder = new(Folder);
            foreach (DirectoryInfo inner in folder.EnumerateDirectories())
            {
                inner.Delete(recursive: true);
            }

            foreach (FileInfo file in folder.EnumerateFiles().OrderBy(file => file.Name == AuthorityFile))
            {
                file.Delete();
            }

            folder.Delete();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new DfssException(
                DfssErrorCode.DestinationUnwritable, $"'{Folder}' cannot be deleted: {exception.Message}",
                "Run as the user who joined; the same command deletes the rest.", exception);
        }
    }
}

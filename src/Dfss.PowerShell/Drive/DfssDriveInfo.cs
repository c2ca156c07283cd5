using System.Collections.Concurrent;
using System.Management.Automation;
using System.Security.Cryptography;
using Dfss.Commands;

namespace Dfss;

/// <summary>
/// A drive whose files are stored at peers. It keeps its connections until it is removed.
/// </summary>
public sealed class DfssDriveInfo : PSDriveInfo
{
    /// <summary>8: one of four thousand million.</summary>
    private const int KeyDigits = 8;

    // By key, as the engine shows a provider only some of the drives: not those that a function of a module has made.
    private static readonly ConcurrentDictionary<string, WeakReference<DfssDriveInfo>> Drives =
        new(StringComparer.OrdinalIgnoreCase);

    private DfssDriveInfo(PSDriveInfo drive, string key, string prefix, DriveStore store)
        : base(
            drive.Name, drive.Provider, DrivePath.Combine(key, prefix) + DrivePath.Separator, drive.Description,
            drive.Credential)
    {
        Key = key;
        Prefix = prefix;
        Store = store;
    }

    /// <summary>The peers that it asks.</summary>
    public IReadOnlyList<string> Peer => new DisplayList<string>(Store.Client.Peers.Select(peer => peer.ToString()));

    /// <summary>
    /// The first part of its paths of the provider. It is another one for each drive, so that the path of an item never
    /// leads to a drive that gets the name later; and by chance, so that no stored name begins with it.
    /// </summary>
    internal string Key { get; }

    /// <summary>The folder in the store that is the drive's root; empty for all of the store.</summary>
    internal string Prefix { get; }

    /// <summary>The beginning of the names of its files.</summary>
    internal string Below => Prefix.Length == 0 ? string.Empty : Prefix + '/';

    internal DriveStore Store { get; }

    /// <summary>Makes a drive.</summary>
    /// <param name="drive">What the user asks for.</param>
    /// <param name="store">The peers.</param>
    /// <exception cref="DfssException">InvalidName: the root cannot begin a name.</exception>
    internal static DfssDriveInfo Create(PSDriveInfo drive, DriveStore store)
    {
        string root = (drive.Root ?? string.Empty).Replace('\\', '/').Trim('/');
        string prefix = root.Length == 0 ? string.Empty : FileName.Normalize(root);
        string key = $"{drive.Name}#{RandomNumberGenerator.GetHexString(KeyDigits, lowercase: true)}";
        var made = new DfssDriveInfo(drive, key, prefix, store);
        foreach (string gone in Drives.Where(one => !one.Value.TryGetTarget(out _)).Select(one => one.Key))
        {
            // The engine refuses a drive whose name is taken after it was made, and does not say so.
            Drives.TryRemove(gone, out _);
        }

        Drives[key] = new WeakReference<DfssDriveInfo>(made);
        return made;
    }

    /// <summary>The drive with a key; null if there is none any more.</summary>
    internal static DfssDriveInfo? Find(string key) =>
        Drives.TryGetValue(key, out WeakReference<DfssDriveInfo>? found) && found.TryGetTarget(out DfssDriveInfo? drive)
            ? drive
            : null;

    /// <summary>Closes the connections; no path leads to it any more.</summary>
    internal ValueTask CloseAsync()
    {
        Drives.TryRemove(Key, out _);
        return Store.DisposeAsync();
    }
}

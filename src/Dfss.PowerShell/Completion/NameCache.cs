namespace Dfss.Commands;

/// <summary>
/// The names that this process has seen, for completion: a list for each set of peers and identity, and one for the
/// members of each cluster. In memory only.
/// </summary>
internal static class NameCache
{
    /// <summary>16 lists: a session works with few sets of peers.</summary>
    private const int MaxLists = 16;

    private const string Files = "files|";

    private static readonly Lock Gate = new();

    // The one used last is at the end.
    private static readonly List<(string Key, NameList List)> Lists = [];

    /// <summary>The list of this key; an empty one where it is new.</summary>
    internal static NameList Of(string key)
    {
        lock (Gate)
        {
            int index = Lists.FindIndex(one => one.Key == key);
            (string Key, NameList List) found = index < 0 ? (key, new NameList()) : Lists[index];
            if (index >= 0)
            {
                Lists.RemoveAt(index);
            }
            else if (Lists.Count == MaxLists)
            {
                Lists.RemoveAt(0);
            }

            Lists.Add(found);
            return found.List;
        }
    }

    /// <summary>The key of the stored names that some peers show to an identity.</summary>
    /// <param name="peers">The peers that are asked.</param>
    /// <param name="identity">The cluster whose certificate is presented, or what else tells identities apart.</param>
    internal static string KeyOf(IEnumerable<PeerAddress> peers, string identity) => $"{Files}{identity}|"
        + string.Join(',', peers.Select(peer => peer.ToString()).Order(StringComparer.OrdinalIgnoreCase));

    /// <summary>The key of the members of a cluster.</summary>
    internal static string KeyOfMembers(string cluster) => $"members|{cluster}";

    /// <summary>Forgets what was seen at some addresses: another store is there now.</summary>
    internal static void Forget(IReadOnlyCollection<string> addresses)
    {
        lock (Gate)
        {
            Lists.RemoveAll(one =>
                one.Key.StartsWith(Files, StringComparison.Ordinal)
                && one.Key[(one.Key.LastIndexOf('|') + 1)..].Split(',')
                    .Intersect(addresses, StringComparer.OrdinalIgnoreCase).Any());
        }
    }

    /// <summary>Ends the listings that run.</summary>
    internal static Task StopAsync()
    {
        lock (Gate)
        {
            return Task.WhenAll(Lists.Select(one => one.List.StopAsync()));
        }
    }
}

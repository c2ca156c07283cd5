using Dfss.Storage;

namespace Dfss.Testing;

/// <summary>An engine whose disks change what they hold.</summary>
internal sealed partial class FakeS3
{
    /// <summary>Changes a byte of each object whose key has a text in it, without the engine's knowledge.</summary>
    public async Task RotAsync(string text)
    {
        IReadOnlyList<ObjectEntry> all = await objects.ListAsync(string.Empty, null, int.MaxValue, ended.Token)
            .ConfigureAwait(false);
        all.Where(entry => entry.Key.Contains(text, StringComparison.Ordinal)).ToList()
            .ForEach(entry => objects.Rot(entry.Key));
    }
}

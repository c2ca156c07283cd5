using System.Text.Json;
using System.Text.Json.Serialization;

namespace Dfss.Storage;

/// <summary>
/// Where a store last ran, as its file <c>place.json</c> records it. A store that is started elsewhere may be a copy of
/// one that still runs.
/// </summary>
/// <param name="Path">The store's folder, as a full path.</param>
/// <param name="Machine">The machine, hashed; null where it is not known.</param>
/// <param name="Device">The mounted file system that the folder is on; null where it is not known.</param>
/// <param name="Folder">The inode of the store's folder; null where it is not known.</param>
/// <param name="Chunks">The inode of its folder <c>chunks</c>; null where it is not known.</param>
internal sealed record StorePlace(string Path, string? Machine, ulong? Device, ulong? Folder, ulong? Chunks)
{
    /// <summary>Whether the store took its store id here, as a copy of another one.</summary>
    public bool IsCopy { get; init; }

    /// <summary>
    /// What shows that the store is not the recorded one, in words that follow "last ran"; null if nothing does.
    /// </summary>
    /// <remarks>
    /// The device alone shows nothing: it may differ after a reboot. It distinguishes a folder that was renamed, or is
    /// reached by another path, from a copy of the whole file system, where the inodes are the same.
    /// </remarks>
    /// <param name="now">Where the store is now.</param>
    public string? FindDifference(StorePlace now)
    {
        if (Differs(Machine, now.Machine))
        {
            return "on another machine";
        }

        if (Differs(Folder, now.Folder) || Differs(Chunks, now.Chunks))
        {
            return "in another folder: this one is a copy, or was restored from a backup";
        }

        bool isSameFolder = Device is not null && Folder is not null && (Device, Folder) == (now.Device, now.Folder);
        return isSameFolder || string.Equals(Path, now.Path, StringComparison.Ordinal) ? null : $"in '{Path}'";
    }

    /// <summary>The recorded place of a store; null if there is none.</summary>
    /// <exception cref="DfssException"><see cref="DfssErrorCode.StoreFormat"/>: the file is damaged.</exception>
    public static StorePlace? Read(StoreLayout layout)
    {
        try
        {
            return File.Exists(layout.PlaceFile)
                ? JsonSerializer.Deserialize(File.ReadAllBytes(layout.PlaceFile), StorePlaceJson.Default.StorePlace)
                : null;
        }
        catch (JsonException exception)
        {
            throw StoreFormat.Refuse(
                $"'{layout.PlaceFile}' is damaged: {exception.Message}",
                "If this store is not a copy of another one, delete that file. Else delete it and start the store with "
                    + "-StoreCopied.");
        }
    }

    /// <summary>Records the place durably.</summary>
    public void Write(StoreLayout layout, DurableFile files) =>
        files.WriteAtomically(
            layout.PlaceFile, JsonSerializer.SerializeToUtf8Bytes(this, StorePlaceJson.Default.StorePlace));

    private static bool Differs(string? noted, string? now) => noted is not null && now is not null && noted != now;

    private static bool Differs(ulong? noted, ulong? now) => noted is not null && now is not null && noted != now;
}

/// <summary>Generated, because reflection takes longer than all else that opens a small store.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(StorePlace))]
internal sealed partial class StorePlaceJson : JsonSerializerContext;

using Dfss.Storage;

namespace Dfss.Tests.Storage;

/// <summary>
/// A disk that stops at a chosen step, and forgets, at a power cut, what was not synced: what a file got since its last
/// sync, in place or at its end, and a new name, of a file or a folder, whose folder was not synced. Or whose syncs
/// fail. What SQLite writes is not under its control. Holes and removals stay.
/// </summary>
internal sealed class FaultyDisk
{
    private readonly Lock gate = new();
    // Each file that was written, and how long it was at its last sync.
    private readonly Dictionary<string, long> syncedLengths = [];
    // What was there before it was written over.
    private readonly List<(string Path, long Offset, byte[] Before)> unsyncedWrites = [];
    private readonly HashSet<string> unsyncedNames = [];
    // Each with what the file of the new name had before; null where there was none.
    private readonly List<(DurableStep Step, byte[]? Before)> unsyncedRenames = [];
    private readonly HashSet<string> syncedFolders = [];
    private int stepsLeft = int.MaxValue;

    /// <summary>Which steps fail, as if the medium were bad.</summary>
    public Func<DurableStep, bool> Fails { get; set; } = _ => false;

    /// <summary>Which reads fail, as if the disk could not read a sector.</summary>
    public Func<DurableStep, bool> CannotRead { get; set; } = _ => false;

    /// <summary>Which syncs are silently left out.</summary>
    public Func<DurableStep, bool> LeavesOut { get; init; } = _ => false;

    /// <summary>Whether the world stands still.</summary>
    public bool IsStopped { get; private set; }

    /// <summary>The seam.</summary>
    public DurableFile Files => new(BeforeStep);

    /// <summary>Lets this many steps pass, then stops the world.</summary>
    public void StopAfter(int steps) => stepsLeft = steps;

    /// <summary>Lets the world go on, as after a kill of the process: nothing is forgotten.</summary>
    public void GoOn() => (IsStopped, stepsLeft) = (false, int.MaxValue);

    /// <summary>What a power cut leaves of what was done in a store.</summary>
    public void CutPower(string store)
    {
        lock (gate)
        {
            IsStopped = true;
            foreach ((DurableStep rename, byte[]? before) in unsyncedRenames.AsEnumerable().Reverse())
            {
                if (File.Exists(rename.Target))
                {
                    File.Move(rename.Target!, rename.Path, overwrite: true);
                }

                syncedLengths.Remove(rename.Target!);
                if (before is not null)
                {
                    File.WriteAllBytes(rename.Target!, before);
                }
            }

            foreach ((string path, long offset, byte[] before) in unsyncedWrites.AsEnumerable().Reverse()
                .Where(write => File.Exists(write.Path)))
            {
                using FileStream file = File.OpenWrite(path);
                file.Seek(offset, SeekOrigin.Begin);
                file.Write(before);
            }

            foreach ((string path, long length) in syncedLengths.Where(file => File.Exists(file.Key)))
            {
                using FileStream file = File.OpenWrite(path);
                file.SetLength(length);
            }

            foreach (string path in unsyncedNames)
            {
                File.Delete(path);
            }

            IEnumerable<string> folders = Directory.Exists(store)
                ? Directory.GetDirectories(store, "*", SearchOption.AllDirectories).Prepend(store)
                : [];
            foreach (string path in folders.Where(path => !syncedFolders.Contains(path) && Directory.Exists(path)))
            {
                Directory.Delete(path, recursive: true);
            }
        }
    }

    private void BeforeStep(DurableStep step)
    {
        if (step.Action == DurableAction.ReadFile)
        {
            // Not a step: it changes nothing. EIO, as the system numbers it.
            const int InputOutput = 5;
            if (CannotRead(step))
            {
                throw new IOException("Input/output error.", InputOutput);
            }

            return;
        }

        lock (gate)
        {
            if (IsStopped || --stepsLeft < 0)
            {
                IsStopped = true;
                throw new IOException("The power is off.");
            }

            if (Fails(step))
            {
                throw new IOException("Input/output error.");
            }

            if (!LeavesOut(step))
            {
                Note(step);
            }
        }
    }

    private void Note(DurableStep step)
    {
        switch (step.Action)
        {
            case DurableAction.CreateFile:
                syncedLengths[step.Path] = 0;
                unsyncedNames.Add(step.Path);
                break;
            case DurableAction.WriteFile when step.Length > 0:
                NoteWrite(step);
                break;
            case DurableAction.SyncFile:
                unsyncedWrites.RemoveAll(write => write.Path == step.Path);
                syncedLengths[step.Path] = new FileInfo(step.Path).Length;
                break;
            case DurableAction.Rename:
                if (syncedLengths.Remove(step.Path, out long length))
                {
                    syncedLengths[step.Target!] = length;
                }

                unsyncedNames.Remove(step.Path);
                unsyncedRenames.Add((step, File.Exists(step.Target) ? File.ReadAllBytes(step.Target) : null));
                break;
            case DurableAction.SyncDirectory:
                unsyncedNames.RemoveWhere(path => Path.GetDirectoryName(path) == step.Path);
                unsyncedRenames.RemoveAll(rename => Path.GetDirectoryName(rename.Step.Target) == step.Path);
                syncedFolders.UnionWith(Directory.GetDirectories(step.Path));
                break;
        }
    }

    private void NoteWrite(DurableStep step)
    {
        using FileStream file = new(
            step.Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        syncedLengths.TryAdd(step.Path, file.Length);
        byte[] before = new byte[Math.Clamp(file.Length - step.Offset, 0, step.Length)];
        file.Seek(step.Offset, SeekOrigin.Begin);
        file.ReadExactly(before);
        if (before.Length > 0)
        {
            unsyncedWrites.Add((step.Path, step.Offset, before));
        }
    }
}

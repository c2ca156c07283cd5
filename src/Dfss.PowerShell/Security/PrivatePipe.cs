using System.IO.Pipes;
using Dfss.Storage;

namespace Dfss.Commands;

/// <summary>A pipe to a process that this one starts; only this user's processes can open it.</summary>
internal sealed class PrivatePipe : IAsyncDisposable
{
    /// <summary>10 s: the process that published the pipe's name is already waiting.</summary>
    private const int ConnectMilliseconds = 10_000;

    private DirectoryInfo? folder;

    internal PrivatePipe(PipeDirection direction)
    {
        // On Unix the umask sets the socket's mode; a folder of this user alone denies others access to it. The path is
        // absolute, because a bare name is resolved below the temporary folder that each process had when it made its
        // first pipe: if $env:TMPDIR was set since then, the other process would look elsewhere.
        folder = OperatingSystem.IsWindows() ? null : Directory.CreateTempSubdirectory("dfss-");
        Name = folder is null ? $"dfss-{Guid.NewGuid():N}" : Path.Combine(folder.FullName, "pipe");
        Stream = new NamedPipeServerStream(
            Name, direction, maxNumberOfServerInstances: 1, PipeTransmissionMode.Byte,
            PipeOptions.Asynchronous | PipeOptions.CurrentUserOnly);
        if (folder is not null)
        {
            _ = OwnerOnly.TryRestrict(new FileInfo(Name));
        }
    }

    /// <summary>The name by which the other process finds the pipe; not secret.</summary>
    internal string Name { get; }

    /// <summary>This process's end.</summary>
    internal NamedPipeServerStream Stream { get; }

    /// <summary>Waits for the other process. Then the pipe has no name any more, so no file is left of it however this
    /// process ends.</summary>
    internal async Task ConnectAsync(CancellationToken cancellationToken)
    {
        await Stream.WaitForConnectionAsync(cancellationToken).ConfigureAwait(false);
        RemoveName();
    }

    /// <summary>The other end of the pipe that another process made.</summary>
    internal static async Task<NamedPipeClientStream> OpenAsync(
        string name, PipeDirection direction, CancellationToken cancellationToken)
    {
        NamedPipeClientStream pipe = new(
            ".", name, direction, PipeOptions.Asynchronous | PipeOptions.CurrentUserOnly);
        try
        {
            await pipe.ConnectAsync(ConnectMilliseconds, cancellationToken).ConfigureAwait(false);
            return pipe;
        }
        catch
        {
            await pipe.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Stream.DisposeAsync().ConfigureAwait(false);
        RemoveName();
    }

    private void RemoveName()
    {
        folder?.Delete(recursive: true);
        folder = null;
    }
}

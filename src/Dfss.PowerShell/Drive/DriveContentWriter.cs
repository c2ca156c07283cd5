using System.Collections;
using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Management.Automation;
using System.Management.Automation.Provider;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>
/// Stores what Set-Content writes. It is sent as it comes; the name is changed when the writer is closed, and not at
/// all where the send fails or the user stops the command.
/// </summary>
/// <param name="provider">The call of the engine that it belongs to.</param>
/// <param name="path">The file.</param>
/// <param name="options">How the content is written.</param>
internal sealed class DriveContentWriter(DfssProvider provider, DrivePath path, DriveWriterParameters options)
    : IContentWriter
{
    private readonly CancellationTokenSource ending = new();
    private Pipe? pipe;
    private ContentWriter? writer;
    private Task<StoredFile>? sending;
    private bool isOver;
    private volatile DriveCall? current;
    private long sent;

    /// <inheritdoc/>
    public IList Write(IList content)
    {
        // After a failure, which was shown, the rest of the input goes nowhere.
        if (isOver)
        {
            return content;
        }

        try
        {
            Start();
            foreach (object? item in content)
            {
                Take(item);
            }
        }
        catch
        {
            isOver = true;
            throw;
        }

        return content;
    }

    /// <summary>Add-Content calls it before it writes.</summary>
    public void Seek(long offset, SeekOrigin origin)
    {
        isOver = true;
        throw new PSNotSupportedException(
            "Nothing can be added to a stored file: it is replaced as a whole. Read it with Get-Content, and "
                + "store all of "
                + "it with Set-Content.");
    }

    /// <summary>Ends the send. The engine shows no exception of it, so the error is written here.</summary>
    public void Close()
    {
        if (isOver || provider.IsPipelineStopped())
        {
            Dispose();
            return;
        }

        isOver = true;
        var said = new ConcurrentQueue<DriveMessage>();
        try
        {
            string outcome = DfssProvider.Stored;
            try
            {
                Start();
                provider.Change(path, said, EndAsync);
            }
            catch (CmdletException exception)
            {
                provider.WriteError(exception.Error);
                outcome = DfssProvider.NotDone;
            }

            provider.Tell(path, said, outcome);
        }
        finally
        {
            Dispose();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        isOver = true;
        PipelineBridge.WaitFor(async () =>
        {
            await ending.CancelAsync().ConfigureAwait(false);
            if (sending is not null)
            {
                await ((Task)sending).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        });
    }

    private void Start()
    {
        if (pipe is not null)
        {
            return;
        }

        // What is in the pipe is one chunk of the default size at most, and what one object adds.
        pipe = new Pipe(new PipeOptions(
            pauseWriterThreshold: DfssLimits.DefaultChunkSize, resumeWriterThreshold: DfssLimits.DefaultChunkSize / 2,
            minimumSegmentSize: ContentWriter.FullBytes, useSynchronizationContext: false));
        writer = new ContentWriter(pipe.Writer, options.AsByteStream ? null : options.Encoding, options.NoNewline);
        sending = SendAsync(pipe.Reader, path.Drive.Store.Client);
    }

    private async Task<StoredFile> SendAsync(PipeReader reader, DfssClient client)
    {
        try
        {
            return await client.SendAsync(
                reader.AsStream(), FileName.NormalizeNew(path.Name), new SendOptions { Force = true },
                new Answers(this), ending.Token).ConfigureAwait(false);
        }
        finally
        {
            // The writer does not wait for a reader that has ended.
            await reader.CompleteAsync().ConfigureAwait(false);
        }
    }

    private async Task<StoredFile> EndAsync(DriveCall call, CancellationToken cancellationToken)
    {
        Show(call);
        await pipe!.Writer.CompleteAsync().ConfigureAwait(false);
        CancellationTokenRegistration stop = cancellationToken.Register(() => _ = ending.CancelAsync());
        await using (stop.ConfigureAwait(false))
        {
            return await sending!.ConfigureAwait(false);
        }
    }

    private void Take(object? item)
    {
        object? bare = item is PSObject wrapped ? wrapped.BaseObject : item;
        if (bare is byte[] bytes && options.AsByteStream)
        {
            writer!.Write(bytes);
        }
        else if (bare is IList many and not byte[])
        {
            foreach (object? one in many)
            {
                Take(one);
            }
        }
        else if (bare is not null && !writer!.TryWrite(item!))
        {
            throw new PSInvalidOperationException(
                options.AsByteStream
                    ? $"-AsByteStream takes bytes, and '{bare}' is a {bare.GetType().Name}."
                    : $"A {bare.GetType().Name} is no text; give -AsByteStream for bytes.");
        }

        if (sending!.IsCompleted || writer!.IsFull)
        {
            provider.Run(path, FlushAsync);
        }
    }

    /// <summary>Shows with a call how much the peers have taken, which is no silence.</summary>
    private void Show(DriveCall call)
    {
        current = call;
        Say();
    }

    private void Say()
    {
        long bytes = Interlocked.Read(ref sent);
        if (bytes > 0)
        {
            current?.Say(FormattableString.Invariant($"{bytes:N0} bytes sent"));
        }
    }

    private async Task<bool> FlushAsync(DriveCall call, CancellationToken cancellationToken)
    {
        Show(call);
        FlushResult flushed = await pipe!.Writer.FlushAsync(cancellationToken).ConfigureAwait(false);
        if (flushed.IsCompleted)
        {
            // The send has ended before its input: it failed.
            await sending!.ConfigureAwait(false);
        }

        return true;
    }

    /// <summary>Notes that the peers have taken a part.</summary>
    private sealed class Answers(DriveContentWriter writer) : IProgress<TransferProgress>
    {
        public void Report(TransferProgress value)
        {
            Interlocked.Exchange(ref writer.sent, value.TransferredBytes);
            writer.Say();
        }
    }
}

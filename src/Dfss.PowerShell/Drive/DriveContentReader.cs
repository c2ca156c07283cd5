using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Provider;
using System.Text;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>Reads a stored file for Get-Content. Each chunk is verified before any of it is given.</summary>
/// <param name="provider">The call of the engine that it belongs to.</param>
/// <param name="path">The path of the file.</param>
/// <param name="file">The file.</param>
/// <param name="options">What is to be given.</param>
internal sealed class DriveContentReader(
    DfssProvider provider, DrivePath path, StoredFile file, DriveReaderParameters options) : IContentReader
{
    /// <summary>
    /// Of the blocks, which outlive the call that asks for the first one. Each call cancels it: at Ctrl+C, and where a
    /// warning or an error ends the command, of which the engine does not tell every reader.
    /// </summary>
    private readonly CancellationTokenSource ending = new();
    private readonly LineSplitter splitter = new();
    private readonly List<string> lines = [];
    private readonly Queue<object> ready = [];
    private Stream? stream;
    private ContentRange? range;
    private IAsyncEnumerator<ReadOnlyMemory<char>>? text;
    private IAsyncEnumerator<ReadOnlyMemory<byte>>? bytes;
    private bool isEnded;

    /// <inheritdoc/>
    public IList Read(long readCount)
    {
        while (!isEnded && (readCount <= 0 || ready.Count < readCount))
        {
            isEnded = provider.Run(path, async (call, token) =>
            {
                await OpenAsync(token).ConfigureAwait(false);
                call.Say(file.Name);
                if (options.Raw)
                {
                    return await ReadWholeAsync(token).ConfigureAwait(false);
                }

                CancellationTokenRegistration stop = token.Register(() => _ = ending.CancelAsync());
                await using (stop.ConfigureAwait(false))
                {
                    return !await ReadMoreAsync(token).ConfigureAwait(false);
                }
            });
        }

        var given = new List<object>();
        while (ready.Count > 0 && (readCount <= 0 || given.Count < readCount))
        {
            given.Add(ready.Dequeue());
        }

        return given;
    }

    /// <inheritdoc/>
    public void Seek(long offset, SeekOrigin origin) => throw new PSNotSupportedException(
        "A stored file is read from its start. Get-DfssContent reads a part of one: -Offset, -Count and -Tail.");

    /// <inheritdoc/>
    public void Close() => Dispose();

    /// <inheritdoc/>
    public void Dispose()
    {
        isEnded = true;
        ready.Clear();
        IAsyncDisposable?[] opened = [text, bytes, stream];
        PipelineBridge.WaitFor(async () =>
        {
            await ending.CancelAsync().ConfigureAwait(false);
            foreach (IAsyncDisposable one in opened.OfType<IAsyncDisposable>())
            {
                await one.DisposeAsync().ConfigureAwait(false);
            }
        });
        (text, bytes, stream) = (null, null, null);
    }

    private async Task OpenAsync(CancellationToken cancellationToken)
    {
        if (stream is null)
        {
            stream = await path.Drive.Store.Client.OpenAsync(
                file, OpenOptions.Default, cancellationToken).ConfigureAwait(false);
            range = new ContentRange(stream);
        }
    }

    /// <summary>Reads a block.</summary>
    /// <returns>Whether there may be more.</returns>
    private async Task<bool> ReadMoreAsync(CancellationToken cancellationToken)
    {
        if (options.AsByteStream)
        {
            bytes ??= range!.ReadAsync(ending.Token).GetAsyncEnumerator(CancellationToken.None);
            bool hasBlock = await bytes.MoveNextAsync().ConfigureAwait(false);
            foreach (byte value in hasBlock ? bytes.Current.Span : [])
            {
                ready.Enqueue(value);
            }

            return hasBlock;
        }

        if (text is null)
        {
            Encoding encoding = await range!.FindEncodingAsync(
                options.Encoding, cancellationToken).ConfigureAwait(false);
            text = range.ReadTextAsync(encoding, ending.Token).GetAsyncEnumerator(CancellationToken.None);
        }

        bool hasText = await text.MoveNextAsync().ConfigureAwait(false);
        if (hasText)
        {
            splitter.Split(text.Current.Span, lines);
        }
        else
        {
            splitter.End(lines);
        }

        lines.ForEach(ready.Enqueue);
        lines.Clear();
        return hasText;
    }

    /// <summary>Reads all of the file as one object.</summary>
    private async Task<bool> ReadWholeAsync(CancellationToken cancellationToken)
    {
        range!.ThrowIfTooLongForOneObject(file.Name);
        if (options.AsByteStream)
        {
            byte[] all = new byte[stream!.Length];
            await stream.ReadExactlyAsync(all, cancellationToken).ConfigureAwait(false);
            ready.Enqueue(all);
            return true;
        }

        Encoding encoding = await range.FindEncodingAsync(options.Encoding, cancellationToken).ConfigureAwait(false);
        ready.Enqueue(await range.ReadWholeTextAsync(file.Name, encoding, cancellationToken).ConfigureAwait(false));
        return true;
    }
}

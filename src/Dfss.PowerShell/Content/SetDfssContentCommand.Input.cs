using System.Collections;
using System.IO.Pipelines;
using System.Management.Automation;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <content>The input: it goes through a pipe of bounded length to the send, which takes it as it comes.</content>
public sealed partial class SetDfssContentCommand
{
    private readonly CancellationTokenSource ending = new();
    private Pipe? pipe;
    private ContentWriter? writer;
    private bool hasContent;
    private bool hasWarned;

    // Writes what is left of an object.
    private IEnumerator<bool>? rest;

    // Null where the user refused, or -WhatIf.
    private Task<StoredFile>? sending;

    /// <inheritdoc/>
    private protected override bool TryProcess()
    {
        if (sending is null || InputStream is not null)
        {
            return true;
        }

        rest = Take(Value).GetEnumerator();
        return !sending.IsCompleted && !writer!.IsFull && !rest.MoveNext();
    }

    /// <inheritdoc/>
    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        do
        {
            FlushResult flushed = await pipe!.Writer.FlushAsync(cancellationToken).ConfigureAwait(false);
            if (flushed.IsCompleted)
            {
                // The send has ended before its input: it failed.
                await EndSendAsync(cancellationToken).ConfigureAwait(false);
            }
        }
        while (await InvokeAsync(rest!.MoveNext).ConfigureAwait(false));
    }

    /// <inheritdoc/>
    private protected override async Task EndAsync(CancellationToken cancellationToken)
    {
        if (sending is null)
        {
            return;
        }

        cancellationToken.ThrowIfCancellationRequested();
        if (pipe is not null)
        {
            if (!hasContent)
            {
                throw new CmdletException(ErrorRecords.Create(
                    "ContentEmpty", ErrorCategory.InvalidData, Name,
                    $"No content came for '{Name}': no object, or only $null. Nothing is changed.",
                    "Check the command or the variable that the content comes from. To store an empty file give "
                        + "-Value '' -NoNewline."));
            }

            await pipe.Writer.CompleteAsync().ConfigureAwait(false);
        }

        StoredFile stored = await EndSendAsync(cancellationToken).ConfigureAwait(false);
        if (PassThru)
        {
            await WriteObjectAsync(new DfssFileInfo(stored)).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    private protected override async ValueTask CleanUpAsync()
    {
        await ending.CancelAsync().ConfigureAwait(false);
        if (sending is not null)
        {
            await ((Task)sending).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        ending.Dispose();
        await base.CleanUpAsync().ConfigureAwait(false);
    }

    private void Start()
    {
        if (InputStream is not null)
        {
            sending = SendAsync(InputStream, ending.Token);
            return;
        }

        // What is in the pipe is one chunk of the default size at most, and what one step of Take adds.
        pipe = new Pipe(new PipeOptions(
            pauseWriterThreshold: DfssLimits.DefaultChunkSize, resumeWriterThreshold: DfssLimits.DefaultChunkSize / 2,
            minimumSegmentSize: ContentWriter.FullBytes, useSynchronizationContext: false));
        writer = new ContentWriter(pipe.Writer, AsByteStream ? null : Encoding, NoNewline);
        sending = SendPipedAsync(pipe.Reader);
    }

    private async Task<StoredFile> SendPipedAsync(PipeReader reader)
    {
        try
        {
            return await SendAsync(reader.AsStream(), ending.Token).ConfigureAwait(false);
        }
        finally
        {
            // The writer does not wait for a reader that has ended.
            await reader.CompleteAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Waits for the send; Ctrl+C ends it.</summary>
    private async Task<StoredFile> EndSendAsync(CancellationToken cancellationToken)
    {
        CancellationTokenRegistration stop = cancellationToken.Register(() => _ = ending.CancelAsync());
        await using (stop.ConfigureAwait(false))
        {
            return await sending!.ConfigureAwait(false);
        }
    }

    /// <summary>Writes an object, or each one of a list, a large array of bytes in pieces; a step ends where what was
    /// written is to be flushed.</summary>
    private IEnumerable<bool> Take(object? value)
    {
        object? item = value is PSObject wrapped ? wrapped.BaseObject : value;
        hasContent |= item is byte[] or not (null or IList);
        if (item is byte[] bytes && AsByteStream)
        {
            for (int start = 0; start < bytes.Length; start += DfssLimits.DefaultChunkSize)
            {
                writer!.Write(bytes.AsSpan(start, Math.Min(DfssLimits.DefaultChunkSize, bytes.Length - start)));
                if (writer.IsFull)
                {
                    yield return true;
                }
            }
        }
        else if (item is IList many and not byte[])
        {
            foreach (object? one in many)
            {
                foreach (bool step in Take(one))
                {
                    yield return step;
                }
            }
        }
        else if (item is not null)
        {
            TakeOne(value!, item);
            if (writer!.IsFull)
            {
                yield return true;
            }
        }
    }

    private void TakeOne(object value, object item)
    {
        if (!writer!.TryWrite(value))
        {
            ThrowTerminatingError(AsByteStream ? NotBytes(item) : NotText(item));
        }

        if (writer.HasUndecoded && !hasWarned)
        {
            hasWarned = true;
            WriteWarning(
                $"The text for '{Name}' has characters that decoding makes of bytes that are no text (U+FFFD, U+0000). "
                    + "If a program wrote it, its bytes are not what is stored: PowerShell decodes what a program "
                    + "gives to a command. Give the stream of the program with -InputStream (Get-Help "
                    + "Set-DfssContent).");
        }
    }

    private static ErrorRecord NotBytes(object item) => ErrorRecords.Create(
        "ContentNotBytes", ErrorCategory.InvalidType, item,
        $"-AsByteStream takes bytes and arrays of bytes, and '{item}' is a {item.GetType().Name}.",
        item is string
            ? "The output of a program comes to a command as lines of text: give its stream with -InputStream "
                + "(Get-Help Set-DfssContent). For text leave -AsByteStream out."
            : "Convert it to [byte].");

    private static ErrorRecord NotText(object item) => ErrorRecords.Create(
        "ContentNotText", ErrorCategory.InvalidType, item,
        item is ScriptBlock
            ? $"The script block {{{item}}} is no text, and is not evaluated."
            : "An array of bytes is no text.",
        item is ScriptBlock
            ? $"Give its result: (& {{{item}}})."
            : "Give -AsByteStream to store the bytes as they are.");
}

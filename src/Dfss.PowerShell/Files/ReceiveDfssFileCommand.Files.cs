using System.Collections.ObjectModel;
using System.Diagnostics;
using System.Globalization;
using System.Management.Automation;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <content>The files: where each goes, and its transfer.</content>
public sealed partial class ReceiveDfssFileCommand
{
    /// <inheritdoc/>
    private protected override async Task TakeInputAsync(CancellationToken cancellationToken)
    {
        if (await FindDestinationAsync().ConfigureAwait(false) is not { } destination)
        {
            return;
        }

        taking = destination;
        await base.TakeInputAsync(cancellationToken).ConfigureAwait(false);
        await TakeSoleAsync(isInputOver: false, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    private protected override async Task TakeRestAsync(CancellationToken cancellationToken)
    {
        await TakeSoleAsync(isInputOver: true, cancellationToken).ConfigureAwait(false);
        (IReadOnlyList<PlannedFile> planned, IReadOnlyList<ErrorRecord> clashes) = plan.Release();
        foreach (ErrorRecord clash in clashes)
        {
            await WriteErrorAsync(clash).ConfigureAwait(false);
        }

        foreach (PlannedFile file in planned)
        {
            if (await IsWantedAsync(file, cancellationToken).ConfigureAwait(false))
            {
                await EnqueueAsync(file, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>The destination of this input; null if it cannot be resolved, which is written as an error.</summary>
    private async Task<ReceiveDestination?> FindDestinationAsync()
    {
        bool isOwn = !isDestinationFixed && Destination != DefaultDestination;
        if (!isOwn)
        {
            return common ??= Open(await ResolveNewAsync(Destination).ConfigureAwait(false));
        }

        IReadOnlyList<string> paths = await ResolveAsync(Destination, PathKind.New).ConfigureAwait(false);
        return paths.Count == 0 ? null : Open(paths[0]);
    }

    private ReceiveDestination Open(string path)
    {
        string key = Path.TrimEndingDirectorySeparator(path);
        if (!destinations.TryGetValue(key, out ReceiveDestination? destination))
        {
            destination = new ReceiveDestination(
                path, Destination, IgnoresCase, beside: destinations.Values.FirstOrDefault(), folder.NeedsFolder);
            destinations.Add(key, destination);
        }

        return destination;
    }

    /// <summary>The disk is asked by a file in the folder; -WhatIf and -PlanOnly write none.</summary>
    private bool IgnoresCase(string existingFolder) =>
        !isWhatIf && !PlanOnly && LocalName.IgnoresCase(existingFolder);

    /// <inheritdoc/>
    private protected override Task TakeFileAsync(StoredFile file, CancellationToken cancellationToken)
    {
        if (taking!.IsFolder)
        {
            return TakeAsync(file, taking, cancellationToken);
        }

        sole.Add(file);
        return Task.CompletedTask;
    }

    private Task TakeSoleAsync(bool isInputOver, CancellationToken cancellationToken) => sole.ReleaseAsync(
        isInputOver, WriteErrorAsync, file => TakeAsync(file, taking!, cancellationToken));

    private async Task TakeAsync(StoredFile file, ReceiveDestination destination, CancellationToken cancellationToken)
    {
        mirrored?.Add(file);
        if (folder.Strip(file.Name) is not { } name)
        {
            await WriteErrorAsync(folder.CreateOutside(file.Name)).ConfigureAwait(false);
            return;
        }

        PlannedFile planned;
        try
        {
            planned = new PlannedFile(file, destination.Locate(name), destination);
            if (Flatten || !ExpectsInput)
            {
                plan.Add(planned);
                return;
            }

            if (!await IsWantedAsync(planned, cancellationToken).ConfigureAwait(false))
            {
                return;
            }

            destination.Claim(planned.Path, file.Name);
        }
        catch (DfssException exception)
        {
            await WriteErrorAsync(ErrorRecords.Create(exception, file.Name)).ConfigureAwait(false);
            return;
        }

        await EnqueueAsync(planned, cancellationToken).ConfigureAwait(false);
    }

    private async Task<bool> IsWantedAsync(PlannedFile planned, CancellationToken cancellationToken)
    {
        if (unchanged.IsOn || PlanOnly)
        {
            return true;
        }

        if (!isWhatIf)
        {
            return await ShouldProcessAsync(planned.Path, Describe(planned.File)).ConfigureAwait(false);
        }

        // The peers are asked about several files at once.
        await EnqueueAsync(planned, cancellationToken).ConfigureAwait(false);
        return false;
    }

    private static string Describe(StoredFile file) =>
        $"Receive '{file.Name}', {ByteSize.ToText(file.Record.ContentLength)}";

    private Task EnqueueAsync(PlannedFile planned, CancellationToken cancellationToken)
    {
        StoredFile file = planned.File;
        var work = new FileWork(
            file.Name, file.Name, file.Record.ContentLength, (progress, token) =>
                ReceiveAsync(file, planned.Path, planned.Destination, progress, token))
        {
            StoredName = file.Record.Name,
            Home = file.Record.Home,
            Description = PlanOnly || isWhatIf ? null : DescribeTransfer(file, planned.Path),
        };
        return Files.EnqueueAsync(work, cancellationToken);
    }

    private TransferDescription DescribeTransfer(StoredFile file, string path)
    {
        TransferDescription description = DescribeTransfer(
            TransferKind.Receive, file.Name, path, file.Record.ContentLength, file.Record.Home);
        string version = file.Record.Version.ToString(CultureInfo.InvariantCulture);
        return file.Newest is null && !IsBound(nameof(Version)) ? description : description with
        {
            Parameters = new Dictionary<string, IReadOnlyList<string>>(description.Parameters)
            {
                [nameof(Version)] = [version],
            },
        };
    }

    private async Task<Action> ReceiveAsync(
        StoredFile file, string path, ReceiveDestination destination, IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken)
    {
        if (unchanged.IsOn)
        {
            if (await unchanged.IsSameAsync(Client, path, file, progress, cancellationToken).ConfigureAwait(false))
            {
                TakeVerbose(FormattableString.Invariant(
                    $"'{path}' is unchanged: it is version {file.Record.Version} of '{file.Name}'."));
                Action write = PlanOnly
                    ? () => WriteObject(CreateUnchangedPlan(file, path))
                    : () => WriteReceived(path, isSkipped: true);
                return Files.PassOver(file.Record.ContentLength, write, isUnchanged: true);
            }
        }

        if (PlanOnly || isWhatIf)
        {
            return await PlanAsync(file, path, progress, cancellationToken).ConfigureAwait(false);
        }

        // Only now is it known that there is something to ask about.
        if (unchanged.IsOn && !await AskAsync(path, Describe(file), cancellationToken).ConfigureAwait(false))
        {
            return Files.PassOver(file.Record.ContentLength, static () => { });
        }

        long started = Stopwatch.GetTimestamp();
        destination.MakeFolder(path);
        await Client.ReceiveAsync(
            file, path, options with { Gate = TransferProgressTee.GateOf(progress) }, progress,
            cancellationToken).ConfigureAwait(false);
        Files.SayDone($"Received '{path}' from", file, started);
        return () => WriteReceived(path, isSkipped: false);
    }

    private void WriteReceived(string path, bool isSkipped)
    {
        Collection<PSObject> items;
        try
        {
            items = InvokeProvider.Item.Get(
                [$"Microsoft.PowerShell.Core\\FileSystem::{path}"], force: true, literalPath: true);
        }
        catch (ItemNotFoundException exception)
        {
            // A result waits for those before it, and a downstream command may have removed this file meanwhile.
            WriteError(ErrorRecords.Create(
                "PathNotFound", ErrorCategory.ObjectNotFound, path,
                $"'{path}' was received, and was removed before its result was written.",
                "Receive it again if it was not meant to be removed.", exception));
            return;
        }

        foreach (PSObject item in items)
        {
            item.Properties.Add(new PSNoteProperty("Skipped", isSkipped));
            WriteObject(item);
        }
    }
}

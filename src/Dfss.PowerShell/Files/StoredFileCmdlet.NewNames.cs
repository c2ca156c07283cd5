using System.Management.Automation;
using Dfss.Encryption;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <content>New names of stored files, which Rename-DfssFile and Copy-DfssFile give.</content>
public abstract partial class StoredFileCmdlet
{
    /// <summary>Gives files new names: each name to one file of a command.</summary>
    private protected sealed class NewNames
    {
        private readonly StoredFileCmdlet cmdlet;
        private readonly INewNameCmdlet naming;

        // The file for the new name of the command, or of the input being taken.
        private readonly SoleFile<StoredFile> sole;

        // Which file each new name is for in this command: of two, the first is to have it, whichever is done first.
        private readonly Dictionary<string, string> filesByNewName = new(StringComparer.Ordinal);

        // With -WhatIf the command looks up whether the new name is free, which otherwise the change itself checks.
        private bool isWhatIf;

        internal NewNames(StoredFileCmdlet cmdlet)
        {
            this.cmdlet = cmdlet;
            naming = (INewNameCmdlet)cmdlet;
            sole = new SoleFile<StoredFile>((first, second) => CreateUsedTwice(
                first.Name, second.Name, naming.NewName, naming.NothingDone));
        }

        internal async Task BeginAsync()
        {
            isWhatIf = await cmdlet.InvokeAsync(cmdlet.IsWhatIf).ConfigureAwait(false);
            sole.IsForCommand = cmdlet.IsFixed(nameof(INewNameCmdlet.NewName));
        }

        /// <summary>Holds a file until its input is over.</summary>
        internal void Add(StoredFile file) => sole.Add(file);

        /// <summary>Gives the held file its name.</summary>
        internal Task TakeAsync(bool isInputOver, CancellationToken cancellationToken) => sole.ReleaseAsync(
            isInputOver, cmdlet.WriteErrorAsync, file => NameSoleAsync(file, cancellationToken));

        /// <summary>
        /// Takes a file that keeps its name at other peers. A hidden name stays as it is, and with -HiddenName a plain
        /// one is hidden: the other peers receive no plain name.
        /// </summary>
        internal async Task KeepAsync(StoredFile file, CancellationToken cancellationToken)
        {
            string? stored = file.Name == file.Record.Name
                ? await HideAsync(file.Name, file.Name).ConfigureAwait(false)
                : file.Record.Name;
            if (stored is not null)
            {
                await EnqueueAsync(file, stored, file.Name, cancellationToken).ConfigureAwait(false);
            }
        }

        private async Task NameSoleAsync(StoredFile file, CancellationToken cancellationToken)
        {
            string name = file.Name;
            string newName = naming.NewName;
            if (cmdlet.Hidden is null && name != file.Record.Name)
            {
                await cmdlet.WriteErrorAsync(KeyErrors.NameWouldShow(name)).ConfigureAwait(false);
                return;
            }

            if (await HideAsync(name, newName).ConfigureAwait(false) is { } stored)
            {
                await EnqueueAsync(file, stored, newName, cancellationToken).ConfigureAwait(false);
            }
        }

        /// <summary>The name by which the peers know a new name; null where it is none, which is an error.</summary>
        private async Task<string?> HideAsync(string name, string newName)
        {
            try
            {
                return cmdlet.Hidden is [HiddenNames first, ..]
                    ? first.Hide(FileName.NormalizeNew(newName))
                    : newName;
            }
            catch (DfssException exception)
            {
                await cmdlet.WriteErrorAsync(ErrorRecords.Create(exception, name)).ConfigureAwait(false);
                return null;
            }
        }

        private async Task EnqueueAsync(
            StoredFile file, string stored, string newName, CancellationToken cancellationToken)
        {
            string name = file.Name;
            string action = naming.Describe(file, newName);
            if (isWhatIf && !naming.Replaces
                && await FindRefusalAsync(
                    file, stored, newName, cancellationToken).ConfigureAwait(false) is { } refusal)
            {
                action += $", which would fail: {refusal}";
            }

            if (!await cmdlet.ShouldProcessAsync(name, action).ConfigureAwait(false))
            {
                return;
            }

            if (!filesByNewName.TryAdd(newName, name))
            {
                await cmdlet.WriteErrorAsync(
                    CreateUsedTwice(name, filesByNewName[newName], newName, string.Empty)).ConfigureAwait(false);
                return;
            }

            await (naming.EnqueueElsewhereAsync(file, stored, newName, cancellationToken)
                ?? cmdlet.Files.EnqueueChangeAsync(
                    file, naming.Done, naming.PassThru, token => NameAsync(file, stored, newName, token),
                    cancellationToken)).ConfigureAwait(false);
        }

        private static ErrorRecord CreateUsedTwice(string name, string other, string newName, string outcome) =>
            ErrorRecords.Create(
                "NameUsedTwice", ErrorCategory.InvalidArgument, name,
                $"'{name}' and '{other}' would both be '{newName}' in the store. {outcome}".TrimEnd(),
                "Give each its own -NewName.");

        private async Task<StoredFile> NameAsync(
            StoredFile file, string stored, string newName, CancellationToken cancellationToken)
        {
            try
            {
                StoredFile named = await naming.ChangeAsync(file, stored, cancellationToken).ConfigureAwait(false);
                cmdlet.Remember(named with { Name = newName });
                return cmdlet.Hidden is null ? named : named with { Name = newName };
            }
            catch (DfssException exception) when (cmdlet.Hidden is not null)
            {
                throw exception.Copy(exception.Reason.Replace(stored, newName, StringComparison.Ordinal));
            }
        }

        /// <summary>Why the name could not be given, as far as reading shows; null where it could.</summary>
        private async Task<string?> FindRefusalAsync(
            StoredFile file, string stored, string newName, CancellationToken cancellationToken)
        {
            try
            {
                return await (naming.IsTakenElsewhereAsync(file, stored, cancellationToken)
                    ?? cmdlet.Client.IsNameTakenAsync(file, stored, cancellationToken)).ConfigureAwait(false)
                    ? $"'{newName}' exists"
                    : null;
            }
            catch (DfssException exception)
            {
                return exception.Reason.TrimEnd('.');
            }
        }
    }
}

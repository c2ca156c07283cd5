using System.Management.Automation;
using Dfss.Encryption;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>A cmdlet that gives stored files new names: Rename-DfssFile and Copy-DfssFile. No chunk is moved.</summary>
public abstract class NewNameCmdlet : StoredFileCmdlet
{
    // The file for the new name of the command, or of the input being taken.
    private readonly SoleFile<StoredFile> sole;

    // Which file each new name is for in this command: of two, the first is to have it, whichever is done first.
    private readonly Dictionary<string, string> filesByNewName = new(StringComparer.Ordinal);

    // With -WhatIf the command looks up whether the new name is free, which otherwise the rename itself checks.
    private bool isWhatIf;

    /// <summary>Makes the cmdlet.</summary>
    protected NewNameCmdlet() => sole = new SoleFile<StoredFile>((first, second) => CreateUsedTwice(
        first.Name, second.Name, NewName, NothingDone));

    /// <summary>
    /// The new name; from the pipeline by property, or a script block that makes it from each object.
    /// </summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipelineByPropertyName = true,
        HelpMessage = "The new name in the store.")]
    [TextArgument]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(NoCompletion))]
    public string NewName { get; set; } = string.Empty;

    /// <summary>
    /// Files that are changed at one moment. 256: the most, as each costs only a few small questions.
    /// </summary>
    [Parameter(HelpMessage = "Files that are changed at one moment (1-256).")]
    [ValidateRange(1, FilePump.SmallFilesAtOnce)]
    [ArgumentCompleter(typeof(NoCompletion))]
    public override int ThrottleLimit { get; set; } = FilePump.SmallFilesAtOnce;

    /// <summary>Gives what was changed.</summary>
    [Parameter(HelpMessage = "Returns the changed files.")]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    private protected override bool ChangesNamesAlone => true;

    /// <summary>What is said where one new name was given for several files.</summary>
    private protected abstract string NothingDone { get; }

    /// <summary>The verb of the verbose message.</summary>
    private protected abstract string Done { get; }

    /// <summary>Whether a file that has the new name is replaced.</summary>
    private protected virtual bool Replaces => false;

    /// <summary>What is to be done with a file, for -WhatIf and -Confirm.</summary>
    private protected abstract string Describe(StoredFile file, string newName);

    /// <summary>Gives the file the new name, by which the peers know it.</summary>
    private protected abstract Task<StoredFile> ChangeAsync(
        StoredFile file, string storedName, CancellationToken cancellationToken);

    /// <inheritdoc/>
    private protected override async Task BeginAsync(CancellationToken cancellationToken)
    {
        isWhatIf = await InvokeAsync(IsWhatIf).ConfigureAwait(false);
        sole.IsForCommand = IsFixed(nameof(NewName));
        await base.BeginAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    private protected override async Task TakeInputAsync(CancellationToken cancellationToken)
    {
        await base.TakeInputAsync(cancellationToken).ConfigureAwait(false);
        await TakeSoleAsync(isInputOver: false, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    private protected override Task TakeRestAsync(CancellationToken cancellationToken) =>
        TakeSoleAsync(isInputOver: true, cancellationToken);

    /// <inheritdoc/>
    private protected override Task TakeFileAsync(StoredFile file, CancellationToken cancellationToken)
    {
        sole.Add(file);
        return Task.CompletedTask;
    }

    private Task TakeSoleAsync(bool isInputOver, CancellationToken cancellationToken) => sole.ReleaseAsync(
        isInputOver, WriteErrorAsync, file => NameSoleAsync(file, cancellationToken));

    private async Task NameSoleAsync(StoredFile file, CancellationToken cancellationToken)
    {
        string name = file.Name;
        string newName = NewName;
        if (Hidden is null && name != file.Record.Name)
        {
            await WriteErrorAsync(KeyErrors.NameWouldShow(name)).ConfigureAwait(false);
            return;
        }

        string action = Describe(file, newName);
        string stored;
        try
        {
            stored = Hidden is [HiddenNames first, ..] ? first.Hide(FileName.NormalizeNew(newName)) : newName;
        }
        catch (DfssException exception)
        {
            await WriteErrorAsync(ErrorRecords.Create(exception, name)).ConfigureAwait(false);
            return;
        }

        if (isWhatIf && !Replaces
            && await FindRefusalAsync(file, stored, newName, cancellationToken).ConfigureAwait(false) is { } refusal)
        {
            action += $", which would fail: {refusal}";
        }

        if (!await ShouldProcessAsync(name, action).ConfigureAwait(false))
        {
            return;
        }

        if (!filesByNewName.TryAdd(newName, name))
        {
            await WriteErrorAsync(
                CreateUsedTwice(name, filesByNewName[newName], newName, string.Empty)).ConfigureAwait(false);
            return;
        }

        await Files.EnqueueChangeAsync(
            file, Done, PassThru, token => NameAsync(file, stored, newName, token),
            cancellationToken).ConfigureAwait(false);
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
            StoredFile named = await ChangeAsync(file, stored, cancellationToken).ConfigureAwait(false);
            Remember(named with { Name = newName });
            return Hidden is null ? named : named with { Name = newName };
        }
        catch (DfssException exception) when (Hidden is not null)
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
            return await Client.IsNameTakenAsync(file, stored, cancellationToken).ConfigureAwait(false)
                ? $"'{newName}' exists"
                : null;
        }
        catch (DfssException exception)
        {
            return exception.Reason.TrimEnd('.');
        }
    }
}

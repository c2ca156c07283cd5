using System.Management.Automation;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>A cmdlet that gives stored files new names: Rename-DfssFile and Copy-DfssFile.</summary>
internal interface INewNameCmdlet
{
    /// <summary>The new name of the command, or of the input being taken.</summary>
    string NewName { get; set; }

    /// <summary>Whether the changed files are written.</summary>
    SwitchParameter PassThru { get; }

    /// <summary>What is said where one new name was given for several files.</summary>
    string NothingDone { get; }

    /// <summary>The verb of the verbose message.</summary>
    string Done { get; }

    /// <summary>Whether a file that has the new name is replaced.</summary>
    bool Replaces { get; }

    /// <summary>What is to be done with a file, for -WhatIf and -Confirm.</summary>
    string Describe(StoredFile file, string newName);

    /// <summary>Gives the file the new name, by which the peers know it.</summary>
    Task<StoredFile> ChangeAsync(StoredFile file, string storedName, CancellationToken cancellationToken);

    /// <summary>Whether other peers, which are to get the file, have another one of the name; null where it stays at
    /// its own.</summary>
    Task<bool>? IsTakenElsewhereAsync(StoredFile file, string storedName, CancellationToken cancellationToken) => null;

    /// <summary>Takes the work to give a file to other peers; null where it stays at its own.</summary>
    Task? EnqueueElsewhereAsync(
        StoredFile file, string storedName, string newName, CancellationToken cancellationToken) => null;
}

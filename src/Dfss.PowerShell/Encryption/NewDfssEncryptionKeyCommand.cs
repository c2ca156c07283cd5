using System.Management.Automation;
using Dfss.Encryption;
using Dfss.Security;

namespace Dfss.Commands;

/// <summary>
/// Creates a random key for encrypting files, and saves it in a file, or returns it as an object alone.
/// </summary>
[Cmdlet(VerbsCommon.New, "DfssEncryptionKey", SupportsShouldProcess = true)]
[OutputType(typeof(DfssEncryptionKey))]
public sealed class NewDfssEncryptionKeyCommand : DfssCmdlet
{
    /// <summary>
    /// The file to create, readable only by the user who runs the command. Without it the key is only in the object
    /// that the command writes.
    /// </summary>
    [Parameter(Position = 0, HelpMessage = "The file to make for the key; without it the key is in the object alone.")]
    [TextArgument]
    [ValidateNotNullOrEmpty]
    public string? Destination { get; set; }

    /// <inheritdoc/>
    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        string? path = Destination is null ? null : await ResolveNewAsync(Destination).ConfigureAwait(false);
        if (!await ShouldProcessAsync(path ?? "this session", "Make an encryption key").ConfigureAwait(false))
        {
            return;
        }

        var key = EncryptionKey.Create();
        if (path is not null)
        {
            try
            {
                await EncryptionKeyFile.CreateAsync(path, key, cancellationToken).ConfigureAwait(false);
            }
            catch (DfssException exception)
            {
                throw new CmdletException(ErrorRecords.Create(exception, path));
            }
        }

        await WriteObjectAsync(new DfssEncryptionKey(key, path)).ConfigureAwait(false);
    }
}

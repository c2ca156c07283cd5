using System.Management.Automation;
using Dfss.Encryption;
using Dfss.Security;

namespace Dfss.Commands;

/// <summary>Makes a random key that files can be encrypted with, and keeps it in a file, or in an object alone.</summary>
[Cmdlet(VerbsCommon.New, "DfssEncryptionKey", SupportsShouldProcess = true)]
[OutputType(typeof(DfssEncryptionKey))]
public sealed class NewDfssEncryptionKeyCommand : DfssCmdlet
{
    /// <summary>
    /// The file to make, readable for the user who runs the command alone. Without it the key is in the object that comes out,
    /// and nowhere else.
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

using System.Management.Automation;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>Lists and describes stored files.</summary>
[Cmdlet(VerbsCommon.Get, "DfssFileInfo", DefaultParameterSetName = "Name")]
[OutputType(typeof(DfssFileInfo))]
public sealed class GetDfssFileInfoCommand : ClientCmdlet
{
    /// <summary>Names, with wildcards; all files without it. Case-sensitive. '*' also stands for '/'.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true,
        ParameterSetName = "Name",
        HelpMessage = "Names of stored files; wildcards are expanded.")]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(NoCompletion))]
    public string[] Name { get; set; } = ["*"];

    /// <summary>Names, every character standing for itself.</summary>
    [Parameter(Mandatory = true, ValueFromPipelineByPropertyName = true, ParameterSetName = "LiteralName",
        HelpMessage = "Names of stored files, every character standing for itself.")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(NoCompletion))]
    public string[] LiteralName { get; set; } = [];

    // Once for a command: what it says of one file holds for the others.
    private bool hasWarned;

    /// <inheritdoc/>
    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        bool isLiteral = ParameterSetName == "LiteralName";
        foreach (string name in isLiteral ? LiteralName : Name)
        {
            try
            {
                var query = new NameQuery(name, isLiteral);
                await foreach (StoredFile file in query.FindAsync(Client, cancellationToken).ConfigureAwait(false))
                {
                    if (query.IsPattern)
                    {
                        // Of a file that was asked for by its name the client has said it, with the peers' reasons.
                        await WarnIfNotCurrentAsync(file).ConfigureAwait(false);
                    }

                    await WriteObjectAsync(new DfssFileInfo(file)).ConfigureAwait(false);
                }
            }
            catch (WildcardPatternException exception)
            {
                await WriteErrorAsync(NameQuery.CreateError(name, exception)).ConfigureAwait(false);
            }
            catch (DfssException exception) when (!ErrorRecords.IsAboutThePeers(exception))
            {
                await WriteErrorAsync(ErrorRecords.Create(exception, name)).ConfigureAwait(false);
            }
        }
    }

    private async Task WarnIfNotCurrentAsync(StoredFile file)
    {
        if (!file.IsCurrent && !hasWarned)
        {
            hasWarned = true;
            await WriteWarningAsync(
                $"'{file.Record.Name}' may be out of date, and so may all whose version is shown with '?' (IsCurrent "
                + "is false): fewer than a majority of the file's peers answered, so the others may know a newer "
                + "version. Start them to be sure.").ConfigureAwait(false);
        }
    }
}

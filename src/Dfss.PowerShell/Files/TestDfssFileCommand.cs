using System.Diagnostics;
using System.Management.Automation;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>
/// Tests whether as many peers hold each chunk of stored files as they should. A warning names each file that has too
/// few copies. Several files are tested at once; results come in the order of the input.
/// </summary>
[Cmdlet(VerbsDiagnostic.Test, "DfssFile", DefaultParameterSetName = NameSet)]
[OutputType(typeof(bool), typeof(DfssFileHealth), typeof(DfssChunkHealth))]
public sealed class TestDfssFileCommand : StoredFileCmdlet
{
    /// <summary>Has the peers hash every copy.</summary>
    [Parameter(HelpMessage = "Has the peers hash every copy; a corrupt one goes to quarantine.")]
    public SwitchParameter Deep { get; set; }

    /// <summary>
    /// Returns an object for each file, which says what is wrong and what to do, in place of true or false and a
    /// warning.
    /// </summary>
    [Parameter(HelpMessage = "Returns an object for each file in place of true or false and a warning.")]
    public SwitchParameter PassThru { get; set; }

    /// <summary>Returns an object for the manifest and each chunk in place of true or false.</summary>
    [Parameter(HelpMessage = "Returns an object for the manifest and each chunk in place of true or false.")]
    public SwitchParameter Detailed { get; set; }

    /// <inheritdoc/>
    private protected override string Activity => "Testing";

    /// <inheritdoc/>
    private protected override Task BeginAsync(CancellationToken cancellationToken) => PassThru && Detailed
        ? throw new CmdletException(ErrorRecords.Create(
            "PassThruAndDetailed", ErrorCategory.InvalidArgument, Name,
            "-PassThru returns an object for each file, and -Detailed one for each chunk.", "Give one of them."))
        : base.BeginAsync(cancellationToken);

    /// <inheritdoc/>
    private protected override Task TakeFileAsync(StoredFile file, CancellationToken cancellationToken) =>
        Files.EnqueueAsync(
            new FileWork(
                file.Name, file.Name, file.Record.ContentLength, (progress, token) => TestAsync(file, progress, token))
            {
                StoredName = file.Record.Name,
                Home = file.Record.Home,
            },
            cancellationToken);

    private async Task<Action> TestAsync(
        StoredFile file, IProgress<TransferProgress>? progress, CancellationToken cancellationToken)
    {
        long started = Stopwatch.GetTimestamp();
        FileHealth health = await Client.TestAsync(file, Deep, progress, cancellationToken).ConfigureAwait(false);
        Files.SayDone("Tested", file, started);
        return () =>
        {
            if (PassThru)
            {
                WriteObject(new DfssFileHealth(file, health));
                return;
            }

            if (HealthText.Describe(health) is { } problem)
            {
                WriteWarning(problem);
            }

            if (!Detailed)
            {
                WriteObject(health.IsHealthy);
                return;
            }

            WriteObject(new DfssChunkHealth(file, health.Manifest));
            foreach (ChunkHealth chunk in health.Chunks)
            {
                WriteObject(new DfssChunkHealth(file, chunk));
            }
        };
    }
}

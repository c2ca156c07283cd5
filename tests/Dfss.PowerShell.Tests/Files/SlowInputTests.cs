using System.Management.Automation;
using Dfss.Commands;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Dfss.Tests.Files;

/// <summary>A transfer of numbers, for which only what the clock says passes.</summary>
[Cmdlet(VerbsLifecycle.Invoke, "ProbeTransfer")]
public sealed class InvokeProbeTransferCommand : ClientCmdlet
{
    private FilePump? files;

    /// <summary>The clock.</summary>
    [Parameter(Mandatory = true)]
    public TimeProvider Clock { get; set; } = TimeProvider.System;

    /// <summary>Numbers, written again when they have been worked on.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true)]
    public int[] Number { get; set; } = [];

    /// <summary>The length of each file in bytes.</summary>
    [Parameter]
    public long Length { get; set; } = 1;

    /// <summary>The work on each number; none where it is null.</summary>
    [Parameter]
    public Func<int, Task>? Work { get; set; }

    private protected override bool NeedsPeers => false;

    private FilePump Files => files ??= new FilePump(this, "Probing", FilePump.SmallFilesAtOnce, Clock);

    private protected override async Task BeginAsync(CancellationToken cancellationToken)
    {
        await base.BeginAsync(cancellationToken).ConfigureAwait(false);
        await Files.BeginAsync().ConfigureAwait(false);
    }

    private protected override Task ProcessAsync(CancellationToken cancellationToken) =>
        Files.ProcessAsync(TakeInputAsync, cancellationToken);

    private protected override Task EndAsync(CancellationToken cancellationToken) =>
        Files.EndAsync(_ => Task.CompletedTask, cancellationToken);

    private protected override async ValueTask CleanUpAsync()
    {
        await Files.DisposeAsync().ConfigureAwait(false);
        await base.CleanUpAsync().ConfigureAwait(false);
    }

    private async Task TakeInputAsync(CancellationToken cancellationToken)
    {
        foreach (int number in Number)
        {
            await Files.EnqueueAsync(
                new FileWork($"{number}", number, Length, (_, _) => WorkAsync(number)),
                cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<Action> WorkAsync(int number)
    {
        await (Work?.Invoke(number) ?? Task.CompletedTask).ConfigureAwait(false);
        return () => WriteObject(number);
    }
}

/// <summary>Slow input is worked on at once, one by one; fast input is read ahead.</summary>
public sealed class SlowInputTests : IDisposable
{
    private readonly Session session = new(typeof(InvokeProbeTransferCommand));

    public void Dispose() => session.Dispose();

    [Theory]
    [InlineData("0, 0, 0", "in 1, in 2, in 3, out 1, out 2, out 3")]
    [InlineData("200, 200, 200", "in 1, in 2, in 3, out 1, out 2, out 3")]
    [InlineData("201, 201, 201", "in 1, out 1, in 2, out 2, in 3, out 3")]
    [InlineData("0, 0, 201, 0", "in 1, in 2, in 3, out 1, out 2, out 3, in 4, out 4")]
    [InlineData("200, 200, 200, 200, 200, 200, 200, 0",
        "in 1, in 2, in 3, in 4, in 5, in 6, in 7, out 1, out 2, out 3, out 4, out 5, out 6, out 7, in 8, out 8")]
    public void A_result_comes_at_once_where_the_input_took_longer_than_a_fifth_of_a_second(
        string pauses, string expected) =>
        Assert.Equal(expected, Feed(pauses, "ForEach-Object { $said.Add(\"out $_\") }"));

    [Fact]
    public void The_time_that_is_spent_downstream_does_not_count() => Assert.Equal(
        "in 1, out 1, in 2, in 3, out 2, out 3",
        Feed("201, 0, 0", "ForEach-Object { $said.Add(\"out $_\"); $clock.Advance([timespan]::FromSeconds(9)) }"));

    [Fact]
    public void A_pipeline_that_ends_after_the_first_result_waits_for_no_second_input() => Assert.Equal(
        "in 1, out 1", Feed("201, 201, 201", "ForEach-Object { $said.Add(\"out $_\"); break }"));

    private string Feed(string pauses, string downstream)
    {
        var said = new List<string>();
        session.Run(
            $$"""
            foreach ($once in 1) {
                {{pauses}} | ForEach-Object {
                    $clock.Advance([timespan]::FromMilliseconds($_))
                    $number++
                    $said.Add("in $number")
                    $number
                } | Invoke-ProbeTransfer -Clock $clock | {{downstream}}
            }
            """,
            ("clock", new FakeTimeProvider()), ("said", said), ("number", 0)).ThrowIfFailed();
        return string.Join(", ", said);
    }
}

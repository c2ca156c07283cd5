using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Dfss.Tests.Files;

/// <summary>
/// Large files from the pipeline: several are under way together, and the results are in the order of the input.
/// </summary>
public sealed class LargeInputTests
{
    private const string Transfer = "Invoke-ProbeTransfer -Clock $clock";
    private const string Pass = "ForEach-Object { $_ }";
    private const string ReadAhead = "ForEach-Object -Process { $all += , $_ } -End { $all }";
    private const string Show = "ForEach-Object { \"$_ $f\" }";

    /// <summary>Only a hang lasts so long.</summary>
    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(60);

    /// <summary>
    /// The work on each file ends when that on the next one has: all are under way together, or none ends.
    /// </summary>
    [Theory]
    [InlineData("1..5 | Invoke-ProbeTransfer -Clock $clock -Length 10GB -Work $work")]
    [InlineData("Invoke-ProbeTransfer -Number (1..5) -Clock $clock -Length 10GB -Work $work")]
    public void The_results_of_files_that_end_in_the_reverse_order_come_in_the_order_of_the_input(string command)
    {
        using var session = new Session(typeof(InvokeProbeTransferCommand));
        TaskCompletionSource[] ended = [.. Enumerable.Range(0, 7).Select(_ => new TaskCompletionSource())];
        ended[6].SetResult();
        async Task WorkAsync(int number, CancellationToken cancellationToken)
        {
            await ended[number + 1].Task.WaitAsync(TimeLimit, cancellationToken).ConfigureAwait(false);
            ended[number].SetResult();
        }

        Result result = session.Run(
            command, ("clock", new FakeTimeProvider()), ("work", (Func<int, CancellationToken, Task>)WorkAsync));

        Assert.Equal([1, 2, 3, 4, 5], result.ThrowIfFailed().As<int>());
    }

    /// <summary>
    /// The variable of a cmdlet has the object that is passed on. That of a command before a cmdlet that reads ahead
    /// has the last object that was read, as before ForEach-Object -End.
    /// </summary>
    [Theory]
    [InlineData($"3, 1, 2 | {Transfer} -PipelineVariable f | {Show}", "3 3, 1 1, 2 2")]
    [InlineData($"3, 1, 2 | {ReadAhead} -PipelineVariable f | {Show}", "3 3, 1 1, 2 2")]
    [InlineData($"3, 1, 2 | {Pass} -PipelineVariable f | {Transfer} | {Show}", "3 2, 1 2, 2 2")]
    [InlineData($"3, 1, 2 | {Pass} -PipelineVariable f | {ReadAhead} | {Show}", "3 2, 1 2, 2 2")]
    public void A_PipelineVariable_has_what_it_has_with_the_cmdlets_of_PowerShell(string command, string expected)
    {
        using var session = new Session(typeof(InvokeProbeTransferCommand));

        Result result = session.Run(command, ("clock", new FakeTimeProvider()), ("all", Array.Empty<object>()));

        Assert.Equal(expected, string.Join(", ", result.ThrowIfFailed().As<string>()));
    }
}

using System.Globalization;
using System.Management.Automation;
using Dfss.Commands;
using Xunit;

namespace Dfss.Tests.Hostile;

/// <summary>
/// What a command among forged answers may do: end in time, with objects or with errors of DFSS. <c>DFSS_FORGED</c>
/// says how many runs, <c>DFSS_SEED</c> which.
/// </summary>
internal static class ForgedCommands
{
    private const int UsualSeed = 20_261_129;

    /// <summary>
    /// 256 MiB: a peer of this process keeps up to 128 MiB for payloads; twice that, however many runs there were.
    /// </summary>
    private const long MemoryBytes = 256L << 20;

    /// <summary>Several times what the slowest command takes, with all its retries, on two busy cores.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>The bytes of all objects that are alive.</summary>
    public static long LiveBytes => GC.GetTotalMemory(forceFullCollection: true);

    /// <summary>The first seed, and how many runs.</summary>
    public static (int Seed, int Runs) Take(ITestOutputHelper output, int usual)
    {
        int runs = Read("DFSS_FORGED") ?? usual;
        int seed = Read("DFSS_SEED") ?? UsualSeed;
        output.WriteLine($"{runs} runs from seed {seed}");
        return (seed, runs);
    }

    /// <summary>Runs a command, and counts how it ends.</summary>
    public static async Task RunAsync(
        Session session, string command, string when, SortedDictionary<string, int> outcomes)
    {
        Task<Result> running = Task.Run(() => session.Run(command), Token);
        Assert.True(
            await Task.WhenAny(running, Task.Delay(Limit, Token)) == running, $"{command}, {when}: no end in {Limit}.");
        Result result = await running;
        ErrorRecord[] errors = result.Ending is RuntimeException ending
            ? [.. result.Errors, ending.ErrorRecord]
            : [.. result.Errors];
        Assert.All(errors, error => Assert.True(
            IsOfDfss(error), $"{command}, {when}: {error.FullyQualifiedErrorId}: {error.Exception}"));
        string outcome = $"{command.Split(' ')[0]}: {(errors.Length == 0 ? "done" : Result.IdOf(errors[0]))}";
        outcomes[outcome] = outcomes.GetValueOrDefault(outcome) + 1;
    }

    /// <summary>Fails where what is alive has grown by more than it may.</summary>
    /// <returns>How much it has grown, in bytes.</returns>
    public static long AssertBounded(long before, string when)
    {
        long grown = LiveBytes - before;
        Assert.True(grown < MemoryBytes, $"{grown} bytes more are alive after {when}.");
        return grown;
    }

    /// <summary>Writes how often each command ended how.</summary>
    public static void Write(SortedDictionary<string, int> outcomes, ITestOutputHelper output)
    {
        foreach ((string what, int times) in outcomes)
        {
            output.WriteLine($"{times,5} {what}");
        }
    }

    /// <summary>Whether an error is one that the help knows: by its code, with the exception of that code.</summary>
    private static bool IsOfDfss(ErrorRecord error) => error.Exception is DfssException failure
        ? failure.Code.ToString() == Result.IdOf(error)
        : ErrorRecords.OwnTable.ContainsKey(Result.IdOf(error));

    private static int? Read(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } text
        ? int.Parse(text, CultureInfo.InvariantCulture)
        : null;
}

using System.Globalization;
using Dfss.Benchmarks;

const string Usage = """
    dotnet run -c Release --project tests/Dfss.Benchmarks -- NAME [ARGUMENTS]

      compare  [large=MEBIBYTES] [small=FILES] [mixed=FILES] [sparse=MEBIBYTES] [rounds=N] [folder=FOLDER]
               [tools=WORD,WORD] [plots=FOLDER]       dfss beside cp, rsync, scp, nginx with curl and aria2, rclone and
                                                      restic: large=1024 small=10000 rounds=3 if nothing is said;
                                                      tools=rsync,dfss leaves out all others but cp.
                                                      The tables (README.md) and pictures (SVG) go to
                                                      the folder of plots too
      engine   [MEBIBYTES [FILES [ROUNDS [FOLDER]]]]  one file of 64 MiB, then 200 of 4 KiB, through two peers on the
                                                      engine of the environment's DFSS_S3, beside rclone to the same
                                                      bucket, 3 rounds; tests/Dfss.Ceph/run.sh -- COMMAND sets it
      transfer [MEBIBYTES [ROUNDS [FOLDER]]]          one file of 1024 MiB beside the machine's limits, 3 rounds
      resume   [MEBIBYTES [ROUNDS [FOLDER]]]          a killed send and receive of 1024 MiB given again, 3 rounds
      tls      [MEBIBYTES [ROUNDS [FOLDER]]]          one file of 1024 MiB in plaintext and over TLS, 4 rounds
      adversarial [SECONDS [ROUNDS [CLIENT]]]         an honest client alone and beside hostile ones, 3 times 5 s each
      encryption [MEBIBYTES [ROUNDS [FOLDER]]]        one file of 1024 MiB as it is and encrypted, 4 rounds
      first    [MEBIBYTES [ROUNDS [FOLDER]]]          the first transfer of a new process beside the second one in it,
                                                      files of 16 MiB, 5 rounds
      import   [ROUNDS]                               Import-Module beyond an empty module, 15 rounds
      progress [ROUNDS [FOLDER]]                      what showing progress costs, 15 rounds
      completion [ROUNDS [FOLDER]]                    how long Tab takes for a stored name, 15 rounds
      content  [MEBIBYTES [FOLDER]]                   memory and time of 4096 MiB through the pipeline; fails
                                                      above the limit of memory
      work     [MEBIBYTES [FILES [FOLDER]]]           allocations and system calls per chunk of 256 MiB, and per
                                                      file of 1000 x 4 KiB, plain and over TLS, with its requests
                                                      and syncs; fails above the limits in WorkLimits
      start    [CHUNKS [FOLDER]]                      the start of a store of 10,000,000 chunks, small and large
      growth   [NAMES [FOLDER]]                       a peer with 1,000,000 names, a tenth and a hundredth of them
      hash     [MEBIBYTES]                            SHA-256 by the platform and in lanes, 256 MiB a figure

    FOLDER is where the measured files lie, on the disk that is to be measured; the temporary folder if not given.
    Linux.
    """;

switch (args)
{
    case ["compare", ..] when ComparisonSize.Parse(args[1..]) is { } size:
        await InFolderAsync(size.Folder, folder => CompareBenchmark.RunAsync(folder, size, Console.Out));
        return 0;
    case ["engine", .. { Length: <= 4 }] when AreNumbers(args[1..], 3):
        await InFolderAsync(
            Argument(4, Path.GetTempPath()),
            folder => EngineBenchmark.RunAsync(folder, Number(1, 64), Number(2, 200), Number(3, 3), Console.Out));
        return 0;
    case ["transfer", .. { Length: <= 3 }] when AreNumbers(args[1..], 2):
        await InFolderAsync(
            Argument(3, Path.GetTempPath()),
            folder => TransferBenchmark.RunAsync(folder, Number(1, 1024), Number(2, 3), Console.Out));
        return 0;
    case ["resume", .. { Length: <= 3 }] when AreNumbers(args[1..], 2):
        await InFolderAsync(
            Argument(3, Path.GetTempPath()),
            folder => ResumeBenchmark.RunAsync(folder, Number(1, 1024), Number(2, 3), Console.Out));
        return 0;
    case ["tls", .. { Length: <= 3 }] when AreNumbers(args[1..], 2):
        await InFolderAsync(
            Argument(3, Path.GetTempPath()),
            folder => TlsBenchmark.RunAsync(folder, Number(1, 1024), Number(2, 4), Console.Out));
        return 0;
    case ["adversarial", .. { Length: <= 3 }] when AreNumbers(args[1..], 2):
        await AdversarialBenchmark.RunAsync(
            Number(1, 5), Number(2, 3), args.ElementAtOrDefault(3) ?? string.Empty, Console.Out);
        return 0;
    case ["encryption", .. { Length: <= 3 }] when AreNumbers(args[1..], 2):
        await InFolderAsync(
            Argument(3, Path.GetTempPath()),
            folder => EncryptionBenchmark.RunAsync(folder, Number(1, 1024), Number(2, 4), Console.Out));
        return 0;
    case ["first", .. { Length: <= 3 }] when AreNumbers(args[1..], 2):
        await InFolderAsync(
            Argument(3, Path.GetTempPath()),
            folder => FirstBenchmark.RunAsync(folder, Number(1, 16), Number(2, 5), Console.Out));
        return 0;
    case ["import", .. { Length: <= 1 }] when AreNumbers(args[1..], 1):
        await InFolderAsync(
            Path.GetTempPath(), folder => ImportBenchmark.RunAsync(folder, Number(1, 15), Console.Out));
        return 0;
    case ["start", .. { Length: <= 2 }] when AreNumbers(args[1..], 1):
        await InFolderAsync(
            Argument(2, Path.GetTempPath()),
            folder => StartBenchmark.RunAsync(folder, Number(1, 10_000_000), Console.Out));
        return 0;
    case ["growth", .. { Length: <= 2 }] when AreNumbers(args[1..], 1):
        await InFolderAsync(
            Argument(2, Path.GetTempPath()),
            folder => GrowthBenchmark.RunAsync(folder, Number(1, 1_000_000), Console.Out));
        return 0;
    case ["progress", .. { Length: <= 2 }] when AreNumbers(args[1..], 1):
        await InFolderAsync(
            Argument(2, Path.GetTempPath()),
            folder => ProgressBenchmark.RunAsync(folder, Number(1, 15), Console.Out));
        return 0;
    case ["content", .. { Length: <= 2 }] when AreNumbers(args[1..], 1):
        bool isSmall = false;
        await InFolderAsync(
            Argument(2, Path.GetTempPath()),
            async folder => isSmall = await ContentBenchmark.RunAsync(folder, Number(1, 4096), Console.Out));
        return isSmall ? 0 : 1;
    case ["completion", .. { Length: <= 2 }] when AreNumbers(args[1..], 1):
        await InFolderAsync(
            Argument(2, Path.GetTempPath()),
            folder => CompletionBenchmark.RunAsync(folder, Number(1, 15), Console.Out));
        return 0;
    case ["work", .. { Length: <= 3 }] when AreNumbers(args[1..], 2):
        bool isWithin = false;
        await InFolderAsync(
            Argument(3, Path.GetTempPath()),
            async folder => isWithin = await WorkBenchmark.RunAsync(
                folder, Number(1, 256), Number(2, 1000), Console.Out));
        return isWithin ? 0 : 1;
    case [WorkPeer.Mode, string storePath, .. { Length: <= 1 }]:
        await WorkPeer.RunAsync(storePath, args.ElementAtOrDefault(2));
        return 0;
    case ["hash", .. { Length: <= 1 }] when AreNumbers(args[1..], 1):
        HashBenchmark.Run(Number(1, 256), Console.Out);
        return 0;
    default:
        await Console.Error.WriteLineAsync(Usage);
        return 2;
}

string Argument(int index, string otherwise) => args.Length > index ? args[index] : otherwise;

int Number(int index, int otherwise) =>
    args.Length > index ? int.Parse(args[index], CultureInfo.InvariantCulture) : otherwise;

static bool AreNumbers(string[] given, int count) => given.Take(count).All(
    text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _));

static async Task InFolderAsync(string parent, Func<string, Task> run)
{
    string folder = Path.Combine(Path.GetFullPath(parent), "dfss-benchmark-" + Guid.NewGuid().ToString("N"));
    Directory.CreateDirectory(folder);
    try
    {
        await run(folder);
    }
    finally
    {
        Directory.Delete(folder, recursive: true);
    }
}

using Dfss.Testing;
using SharpFuzz;

// Dfss.Fuzz <target>: under afl-fuzz, which gives the inputs (see fuzz.sh).
// Dfss.Fuzz <target> <file>...: gives these files to the target, in the open.
if (args.Length == 0 || !FuzzTargets.All.ContainsKey(args[0]))
{
    Console.Error.WriteLine($"Name a target: {string.Join(", ", FuzzTargets.All.Keys)}; and files, to give it these.");
    return 2;
}

foreach (string path in args[1..])
{
    Console.WriteLine(path);
    FuzzTargets.Run(args[0], File.ReadAllBytes(path));
}

if (args.Length == 1)
{
    // In a process of its own, which may hang or overflow its stack.
    Fuzzer.OutOfProcess.Run(stream =>
    {
        using MemoryStream input = new();
        stream.CopyTo(input);
        FuzzTargets.Run(args[0], input.ToArray());
    });
}

return 0;

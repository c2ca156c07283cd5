using Dfss.Benchmarks;

// dotnet run -c Release --project tests/Dfss.Benchmarks [-- FILE_MIB [ROUNDS [FOLDER]]]
// dotnet run -c Release --project tests/Dfss.Benchmarks -- import [ROUNDS]
if (args is ["import", ..])
{
    await ImportBenchmark.RunAsync(
        args.Length > 1 ? int.Parse(args[1], System.Globalization.CultureInfo.InvariantCulture) : 15, Console.Out);
    return;
}

// dotnet run -c Release --project tests/Dfss.Benchmarks -- progress [ROUNDS [FOLDER]]
bool isProgress = args is ["progress", ..];
args = isProgress ? ["0", .. args[1..]] : args;
int fileMebibytes = args.Length > 0 ? int.Parse(args[0], System.Globalization.CultureInfo.InvariantCulture) : 1024;
int rounds = args.Length > 1 ? int.Parse(args[1], System.Globalization.CultureInfo.InvariantCulture) : 3;
string parent = args.Length > 2 ? args[2] : Path.GetTempPath();
string folder = Path.Combine(parent, "dfss-benchmark-" + Guid.NewGuid().ToString("N"));
Directory.CreateDirectory(folder);
try
{
    await (isProgress ? ProgressBenchmark.RunAsync(folder, args.Length > 1 ? rounds : 15, Console.Out)
        : TransferBenchmark.RunAsync(folder, fileMebibytes, rounds, Console.Out));
}
finally
{
    Directory.Delete(folder, recursive: true);
}

using Dfss.Benchmarks;

// dotnet run -c Release --project tests/Dfss.Benchmarks [-- FILE_MIB [ROUNDS [FOLDER]]]
// dotnet run -c Release --project tests/Dfss.Benchmarks -- import [ROUNDS]
if (args is ["import", ..])
{
    await ImportBenchmark.RunAsync(
        args.Length > 1 ? int.Parse(args[1], System.Globalization.CultureInfo.InvariantCulture) : 15, Console.Out);
    return;
}

int fileMebibytes = args.Length > 0 ? int.Parse(args[0], System.Globalization.CultureInfo.InvariantCulture) : 1024;
int rounds = args.Length > 1 ? int.Parse(args[1], System.Globalization.CultureInfo.InvariantCulture) : 3;
string parent = args.Length > 2 ? args[2] : Path.GetTempPath();
string folder = Path.Combine(parent, "dfss-benchmark-" + Guid.NewGuid().ToString("N"));
Directory.CreateDirectory(folder);
try
{
    await TransferBenchmark.RunAsync(folder, fileMebibytes, rounds, Console.Out);
}
finally
{
    Directory.Delete(folder, recursive: true);
}

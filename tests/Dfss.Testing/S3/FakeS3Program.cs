using System.Globalization;

namespace Dfss.Testing;

/// <summary>A <see cref="FakeS3"/> in a process of its own.</summary>
internal static class FakeS3Program
{
    /// <summary>Runs it, says on which port, and ends with standard input.</summary>
    /// <param name="arguments">The milliseconds that it takes for each request; none for 0.</param>
    public static async Task<int> RunAsync(string[] arguments)
    {
        await using FakeS3 fake = new()
        {
            Latency = TimeSpan.FromMilliseconds(
                arguments.Length == 0 ? 0 : int.Parse(arguments[0], CultureInfo.InvariantCulture)),
        };
        using StreamWriter output = new(Console.OpenStandardOutput());
        await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"listening {fake.Endpoint.Port}"));
        await output.FlushAsync();
        using StreamReader input = new(Console.OpenStandardInput());
        await input.ReadToEndAsync();
        return 0;
    }
}

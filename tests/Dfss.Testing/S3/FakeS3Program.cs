using System.Globalization;
using System.Security.Cryptography.X509Certificates;

namespace Dfss.Testing;

/// <summary>A <see cref="FakeS3"/> in a process of its own.</summary>
internal static class FakeS3Program
{
    /// <summary>Runs it, says on which port, and ends with standard input.</summary>
    /// <param name="arguments">The milliseconds that it takes for each request, none for 0; and a PEM file with the
    /// certificate that it shows and its key, none for plaintext.</param>
    public static async Task<int> RunAsync(string[] arguments)
    {
        using X509Certificate2? certificate =
            arguments.Length < 2 ? null : X509Certificate2.CreateFromPemFile(arguments[1], arguments[1]);
        await using FakeS3 fake = new(certificate: certificate)
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

using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.RegularExpressions;
using Dfss.Encryption;
using Dfss.Tests.Repository;

namespace Dfss.Tests.Encryption;

/// <summary>The test vectors printed in docs/encryption.md, which the Python client's suite reads too.</summary>
internal static partial class Vectors
{
    private static readonly Dictionary<string, string> All = Block()
        .Match(RepositoryFiles.ReadText("docs/encryption.md").ReplaceLineEndings("\n")).Groups["lines"].Value
        .Replace("\n  ", string.Empty, StringComparison.Ordinal)
        .Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Select(line => line.Split(':', 2))
        .ToDictionary(pair => pair[0], pair => pair[1].Trim(), StringComparer.Ordinal);

    public static int ContentLength =>
        int.Parse(Text("content_length"), System.Globalization.CultureInfo.InvariantCulture);

    public static int ChunkSize => int.Parse(Text("chunk_size"), System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Byte i is i mod 251.</summary>
    public static byte[] Content => [.. Enumerable.Range(0, ContentLength).Select(i => (byte)(i % 251))];

    public static FileKey FileKey => new(Bytes("file_key"));

    public static FileId FileId => new(Bytes("file_id"));

    public static string Text(string name) => All[name];

    public static byte[] Bytes(string name) => Convert.FromHexString(All[name]);

    /// <summary>A certificate with one of the printed keys, good for a day.</summary>
    public static X509Certificate2 Certificate(string key)
    {
        bool isRsa = key.StartsWith("rsa", StringComparison.Ordinal);
        using ECDsa curve = ECDsa.Create();
        using RSA rsa = RSA.Create();
        CertificateRequest request;
        if (isRsa)
        {
            rsa.ImportPkcs8PrivateKey(Bytes(key), out _);
            request = new CertificateRequest("CN=reader", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        }
        else
        {
            curve.ImportPkcs8PrivateKey(Bytes(key), out _);
            request = new CertificateRequest("CN=reader", curve, HashAlgorithmName.SHA256);
        }

        return request.CreateSelfSigned(DateTimeOffset.UnixEpoch.AddYears(50), DateTimeOffset.UnixEpoch.AddYears(150));
    }

    [GeneratedRegex("```text vectors\n(?<lines>.*?)```", RegexOptions.Singleline)]
    private static partial Regex Block();
}

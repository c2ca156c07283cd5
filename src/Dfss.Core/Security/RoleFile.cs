using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;

namespace Dfss.Security;

/// <summary>
/// The roles of subjects whose certificates state none, because their authority is not a cluster's: a JSON array of
/// <c>{ "subject": "CN=...", "role": "reader", "prefixes": ["builds/"] }</c>, the last optional. A subject that is not
/// in the array has no role.
/// </summary>
internal sealed class RoleFile
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    private readonly Dictionary<string, CertificateProfile> bySubject;

    private RoleFile(Dictionary<string, CertificateProfile> bySubject) => this.bySubject = bySubject;

    /// <summary>The file, read at the first use.</summary>
    public static WatchedFile<RoleFile> Watch(string path, Action<string>? log) =>
        new(path, "role file", (bytes, _) => Read(bytes), log);

    /// <summary>The role and prefixes of a subject.</summary>
    public CertificateProfile Find(X500DistinguishedName subject) =>
        bySubject.GetValueOrDefault(subject.Name, new CertificateProfile());

    private static RoleFile Read(byte[] bytes)
    {
        try
        {
            Dictionary<string, CertificateProfile> roles = new(StringComparer.Ordinal);
            foreach (Entry entry in JsonSerializer.Deserialize<Entry[]>(bytes, Json) ?? [])
            {
                CertificateProfile profile = new()
                {
                    Role = CertificateProfile.ParseRole(entry.Role),
                    NamePrefixes = entry.Prefixes ?? [],
                };

                if (profile.NamePrefixes.Any(string.IsNullOrEmpty)
                    || (profile.NamePrefixes.Count > 0 && profile.Role > DfssRole.Writer))
                {
                    throw new FormatException(
                        $"prefixes are for readers and writers, and none is empty, which '{entry.Subject}' has");
                }

                // Decoded and encoded again, so that blanks and the spelling of attributes make no difference.
                string subject = new X500DistinguishedName(new X500DistinguishedName(entry.Subject).RawData).Name;
                if (!roles.TryAdd(subject, profile))
                {
                    throw new FormatException($"'{entry.Subject}' is in it twice");
                }
            }

            return new RoleFile(roles);
        }
        catch (Exception error) when (error is JsonException or CryptographicException)
        {
            throw new FormatException(error.Message, error);
        }
    }

    private sealed record Entry
    {
        public required string Subject { get; init; }

        public required string Role { get; init; }

        public string[]? Prefixes { get; init; }
    }
}

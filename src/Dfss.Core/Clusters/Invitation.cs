using System.Buffers.Text;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Dfss.Protocol;
using Dfss.Security;

namespace Dfss.Clusters;

/// <summary>
/// An invitation into a cluster, valid for one join: the issuer's addresses, the authority's certificate that proves
/// the issuer, and a secret. Its text is one line, to be given to the invited user alone; docs/protocol.md has its
/// form.
/// </summary>
public sealed class Invitation
{
    private static readonly System.Buffers.SearchValues<char> Alphabet =
        System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    /// <summary>The prefix of the text.</summary>
    public const string Prefix = "dfss-invitation:";

    /// <summary>256 random bits: they cannot be guessed within the life of a cluster.</summary>
    public const int SecretBytes = 32;

    /// <summary>12,000 characters: an authority's certificate has some 600 bytes, an address 20.</summary>
    internal const int MaxTextCharacters = 12_000;

    private const string Form = "invitation";
    private const uint FormVersion = 1;
    private const int MaxBodyBytes = 8192;
    private const int MaxCertificateBytes = 4096;

    internal Invitation(
        IReadOnlyList<PeerAddress> addresses, X509Certificate2 authority, DfssRole role, DateTimeOffset expires,
        byte[] secret)
    {
        Addresses = addresses;
        Authority = authority;
        Cluster = CertificateProfile.Read(authority).Cluster!;
        Role = role;
        Expires = expires;
        Secret = secret;
    }

    /// <summary>The issuer's addresses.</summary>
    public IReadOnlyList<PeerAddress> Addresses { get; }

    /// <summary>The certificate of the cluster's authority.</summary>
    public X509Certificate2 Authority { get; }

    /// <summary>The cluster's name.</summary>
    public string Cluster { get; }

    /// <summary>The role of the new member, for display; the issuer uses the role that it has recorded.</summary>
    public DfssRole Role { get; }

    /// <summary>When it expires, by the issuer's clock.</summary>
    public DateTimeOffset Expires { get; }

    /// <summary>The secret that identifies the invitation to the issuer, which keeps only its SHA-256.</summary>
    internal byte[] Secret { get; }

    /// <summary>
    /// Reads the text of an invitation. Blanks and line ends, which mail programs insert, are ignored.
    /// </summary>
    /// <exception cref="DfssException">InvitationInvalid. No message contains any of the text.</exception>
    public static Invitation Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length > MaxTextCharacters)
        {
            throw Invalid("it is longer than any invitation");
        }

        string trimmed = string.Concat(text.Where(character => !char.IsWhiteSpace(character)));
        if (!trimmed.StartsWith(Prefix, StringComparison.Ordinal))
        {
            throw Invalid($"it does not start with '{Prefix}'");
        }

        try
        {
            return Decode(Base64Url.DecodeFromChars(trimmed.AsSpan(Prefix.Length)));
        }
        catch (FormatException)
        {
            throw Invalid(trimmed.AsSpan(Prefix.Length).IndexOfAnyExcept(Alphabet) < 0
                ? "a part of it is missing or changed"
                : "there is a character in it that no invitation has");
        }
    }

    /// <summary>The text, with the secret.</summary>
    public string ToText() => Prefix + Base64Url.EncodeToString(Encode());

    /// <summary>The cluster, the role and the expiry; not the secret.</summary>
    public override string ToString() =>
        FormattableString.Invariant($"invitation to {Cluster} as {Role}, until {Expires:u}");

    internal static MessageMap ToMap(Invitation invitation) => new()
    {
        { "addresses", Handshake.ToArray([.. invitation.Addresses.Select(address => address.ToString())]) },
        { "authority", invitation.Authority.RawData },
        { "secret", invitation.Secret },
        { "expires", invitation.Expires.ToUnixTimeMilliseconds() },
        { "role", CertificateProfile.NameOf(invitation.Role) },
    };

    /// <summary>The bytes that the text encodes: the body of a message that is never sent.</summary>
    internal byte[] Encode() => UnsentMessage.Encode(Form, FormVersion, ToMap(this));

    /// <exception cref="DfssException">InvitationInvalid.</exception>
    internal static Invitation Decode(byte[] body)
    {
        try
        {
            Message message = UnsentMessage.Decode(body, MaxBodyBytes)
                ?? throw Invalid("a part of it is missing, or there is too much");
            return message is { Id: FormVersion, Operation: Form }
                ? FromMap(message.Map)
                : throw Invalid("it has an unknown form; a newer DFSS may support it");
        }
        catch (DfssException error) when (error.Code != DfssErrorCode.InvitationInvalid)
        {
            throw Invalid("a part of it is missing or changed");
        }
        catch (Exception error) when (error is CryptographicException or FormatException)
        {
            throw Invalid("its certificate is damaged");
        }
    }

    private static Invitation FromMap(MessageMap map)
    {
        byte[] secret = map.Required("secret").AsBinary();
        byte[] certificate = map.Required("authority").AsBinary();
        string[] addresses = Handshake.ToTexts(map.Required("addresses"));
        DateTimeOffset expires = Handshake.ToTime(map.Required("expires"));
        if (secret.Length != SecretBytes || certificate.Length > MaxCertificateBytes
            || addresses.Length is 0 or > DfssLimits.MaxAddresses)
        {
            throw Invalid("one of its fields has a length that is not allowed");
        }

        X509Certificate2 authority = X509CertificateLoader.LoadCertificate(certificate);
        if (CertificateProfile.Read(authority).Cluster is null)
        {
            throw Invalid("its certificate is not that of a cluster");
        }

        return new Invitation(
            [.. addresses.Select(PeerAddress.Parse)],
            authority,
            CertificateProfile.ParseRole(map.Required("role").AsText()),
            expires,
            secret);
    }

    private static DfssException Invalid(string why) => new(
        DfssErrorCode.InvitationInvalid, $"The text is not an invitation: {why}.",
        "Copy the whole text that New-DfssInvitation gave, from 'dfss-invitation:' to its end.");
}

namespace Dfss.Storage.S3;

/// <summary>Where a store of objects is: <c>s3://BUCKET/PREFIX?endpoint=URL&amp;region=NAME</c>.</summary>
/// <param name="Bucket">The bucket; it must exist.</param>
/// <param name="Prefix">What the keys of the store begin with; empty, or with a slash at its end.</param>
/// <param name="Endpoint">The engine's address; null for AWS.</param>
/// <param name="Region">The region; the engine's signatures need one.</param>
internal sealed record S3Address(string Bucket, string Prefix, Uri? Endpoint, string Region)
{
    private const string Scheme = "s3";
    private const string DefaultRegion = "us-east-1";

    // A key has 1,024 bytes, of which a register's name takes up to 896 and the rest of its key 25.
    private const int MaxPrefixLength = 100;

    /// <summary>Reads an address.</summary>
    /// <exception cref="DfssException"><see cref="DfssErrorCode.InvalidArgument"/>: it is none.</exception>
    public static S3Address Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? address) || address.Scheme != Scheme
            || address.Host.Length == 0)
        {
            throw Refuse(text, "it does not have the form s3://BUCKET/PREFIX?endpoint=URL");
        }

        if (address.UserInfo.Length > 0)
        {
            // The text may hold a secret, so it is not shown.
            throw Refuse("s3://...", "an address has no credentials in it");
        }

        (Uri? endpoint, string? region) = ReadOptions(text, address.Query);
        string prefix = Uri.UnescapeDataString(address.AbsolutePath).Trim('/');
        if (prefix.Length > MaxPrefixLength || !prefix.All(c => char.IsAsciiLetterOrDigit(c) || "/-_.".Contains(c))
            || prefix.Split('/').Any(part => part is "." or ".."))
        {
            throw Refuse(
                text, $"a prefix has at most {MaxPrefixLength} letters of ASCII, digits and '-', '_', '.', '/'");
        }

        return new S3Address(
            address.Host, prefix.Length == 0 ? string.Empty : prefix + "/", endpoint, region ?? DefaultRegion);
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        string[] options =
        [
            .. Endpoint is null ? [] : new[] { $"endpoint={Endpoint.OriginalString}" },
            .. Region == DefaultRegion ? [] : new[] { $"region={Region}" },
        ];
        return $"s3://{Bucket}/{Prefix}" + (options.Length == 0 ? string.Empty : $"?{string.Join('&', options)}");
    }

    private static (Uri? Endpoint, string? Region) ReadOptions(string text, string query)
    {
        (Uri? endpoint, string? region) = (null, null);
        foreach (string option in query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            int end = option.IndexOf('=', StringComparison.Ordinal);
            string value = Uri.UnescapeDataString(option[(end + 1)..]);
            switch (end < 0 ? option : option[..end])
            {
                case "endpoint" when Uri.TryCreate(value, UriKind.Absolute, out endpoint)
                    && endpoint.Scheme is "http" or "https" && endpoint.UserInfo.Length == 0:
                    break;
                case "region" when value.Length > 0:
                    region = value;
                    break;
                default:
                    throw Refuse(
                        text, "of the options there are 'endpoint', an http or https address, and 'region', a name");
            }
        }

        return (endpoint, region);
    }

    private static DfssException Refuse(string text, string reason) => new(
        DfssErrorCode.InvalidArgument,
        $"'{text}' is no address of a store of objects: {reason}.",
        "Example: s3://bucket/prefix?endpoint=http://127.0.0.1:7480");
}

namespace Dfss.Storage.S3;

/// <summary>Where a store of objects is: <c>s3://BUCKET/PREFIX?endpoint=URL&amp;region=NAME</c>.</summary>
/// <param name="Bucket">The bucket; it must exist.</param>
/// <param name="Prefix">What the keys of the store begin with; empty, or with a slash at its end.</param>
/// <param name="Endpoint">The engine's address; null for AWS.</param>
/// <param name="Region">The region; the engine's signatures need one.</param>
internal sealed record S3Address(string Bucket, string Prefix, Uri? Endpoint, string Region)
{
    private const string Scheme = "s3://";
    private const string DefaultRegion = "us-east-1";

    // A key has 1,024 bytes, of which a register's name takes up to 896 and the rest of its key 25.
    private const int MaxPrefixLength = 100;
    private const int MaxRegionLength = 40;

    /// <summary>Reads an address. Its text may hold a secret by mistake, so no error shows a part of it.</summary>
    /// <exception cref="DfssException"><see cref="DfssErrorCode.InvalidArgument"/>: it is none.</exception>
    public static S3Address Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (!text.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            throw Refuse("it begins with s3://");
        }

        string[] parts = text[Scheme.Length..].Split('?', 2);
        string[] place = parts[0].Split('/', 2);
        (Uri? endpoint, string region) = ReadOptions(parts.Length == 2 ? parts[1] : string.Empty);
        return new S3Address(
            ReadBucket(place[0]), ReadPrefix(place.Length == 2 ? place[1] : string.Empty), endpoint, region);
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        string[] options =
        [
            .. Endpoint is null ? [] : new[] { $"endpoint={Endpoint.GetLeftPart(UriPartial.Authority)}" },
            .. Region == DefaultRegion ? [] : new[] { $"region={Region}" },
        ];
        string place = $"{Scheme}{Bucket}/{Prefix}".TrimEnd('/');
        return place + (options.Length == 0 ? string.Empty : $"?{string.Join('&', options)}");
    }

    private static string ReadBucket(string text)
    {
        if (text.AsSpan().ContainsAny("@:%"))
        {
            throw Refuse("between s3:// and the prefix there is the bucket alone: no credentials and no port");
        }

        return text.Length is >= 3 and <= 63 && text[0] is not ('-' or '.') && text[^1] is not ('-' or '.')
            && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '.')
            ? text
            : throw Refuse(
                "a bucket has 3 to 63 lower-case letters, digits, '-' and '.', and begins and ends with a letter or "
                    + "a digit");
    }

    private static string ReadPrefix(string text)
    {
        if (text.Length == 0)
        {
            return text;
        }

        string prefix = text[^1] == '/' ? text : text + '/';
        return prefix.Length <= MaxPrefixLength + 1
            && prefix.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '-' or '_' or '.')
            && !prefix[..^1].Split('/').Any(part => part is "" or "." or "..")
            ? RefuseReserved(prefix)
            : throw Refuse(
                $"a prefix has at most {MaxPrefixLength} letters of ASCII, digits and '-', '_', '.', and single '/' "
                    + "between its parts");
    }

    /// <summary>Of two stores in a bucket, the keys of one must not be below the keys of the other, which collects its
    /// garbage there.</summary>
    private static string RefuseReserved(string prefix) =>
        prefix.Split('/').Any(part => ObjectKeys.ReservedWords.Contains(part, StringComparer.Ordinal))
            ? throw Refuse(
                "no part of a prefix is a word that a store's own keys begin with: "
                    + string.Join(", ", ObjectKeys.ReservedWords))
            : prefix;

    private static (Uri? Endpoint, string Region) ReadOptions(string query)
    {
        (Uri? endpoint, string? region) = (null, null);
        foreach (string option in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] pair = option.Split('=', 2);
            string value = pair.Length == 2 ? Uri.UnescapeDataString(pair[1]) : string.Empty;
            switch (pair[0])
            {
                case "endpoint" when endpoint is not null:
                case "region" when region is not null:
                    throw Refuse("each option is given once");
                case "endpoint":
                    endpoint = ReadEndpoint(value);
                    break;
                case "region":
                    region = value.Length is > 0 and <= MaxRegionLength
                        && value.All(c => char.IsAsciiLetterOrDigit(c) || c == '-')
                        ? value
                        : throw Refuse("a region has letters, digits and '-'");
                    break;
                default:
                    throw Refuse("after '?' there are the options 'endpoint' and 'region' alone");
            }
        }

        return (endpoint, region ?? DefaultRegion);
    }

    private static Uri ReadEndpoint(string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? endpoint) || endpoint.Scheme is not ("http" or "https")
            || endpoint.Host.Length == 0)
        {
            throw Refuse("an endpoint is an http or https address");
        }

        return endpoint.UserInfo.Length == 0 && endpoint.PathAndQuery == "/" && !text.AsSpan().ContainsAny("@?#")
            ? new Uri(endpoint.GetLeftPart(UriPartial.Authority))
            : throw Refuse("an endpoint is a host and a port: it has no path, no query and no credentials");
    }

    private static DfssException Refuse(string rule) => new(
        DfssErrorCode.InvalidArgument,
        $"This is no address of a store of objects: {rule}. The address is not shown, as it may hold a secret.",
        "Example: s3://bucket/prefix?endpoint=http://127.0.0.1:7480 and -Credential for access key and secret.");
}

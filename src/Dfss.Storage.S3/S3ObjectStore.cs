using System.Net;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;

namespace Dfss.Storage.S3;

/// <summary>
/// Objects in a bucket of an S3-compatible engine, by AWSSDK.S3. A create or a put is sent once: the SDK tries only
/// those requests again that change nothing, and deletes.
/// </summary>
internal sealed class S3ObjectStore : IObjectStore, IDisposable
{
    private readonly S3Address address;
    private readonly AWSCredentials? credentials;
    private readonly TimeProvider clock;
    private readonly EngineTrust trust;
    private readonly EngineConnections onceConnections;
    private readonly EngineConnections repeatedConnections;
    private readonly AmazonS3Client once;
    private readonly AmazonS3Client repeated;

    /// <summary>Opens connections of its own as they are needed; nothing is sent yet.</summary>
    /// <param name="address">Where the objects are.</param>
    /// <param name="credentials">The credentials; null for those that the AWS SDK finds: environment, profile,
    /// role.</param>
    /// <param name="clock">The clock of the requests' limits.</param>
    /// <param name="trust">Which certificates the engine may show.</param>
    public S3ObjectStore(S3Address address, AWSCredentials? credentials, TimeProvider clock, EngineTrust trust)
    {
        (this.address, this.credentials, this.clock, this.trust) = (address, credentials, clock, trust);
        onceConnections = new EngineConnections(address.Endpoint, trust, sendsOnce: true);
        repeatedConnections = new EngineConnections(address.Endpoint, trust, sendsOnce: false);
        once = Connect(address, credentials, onceConnections, retries: 0);
        repeated = Connect(address, credentials, repeatedConnections, retries: 3);
    }

    /// <inheritdoc/>
    public async ValueTask<CreateOutcome> CreateAsync(
        string key, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        using var sent = EngineRequest.Begin(clock, cancellationToken);
        try
        {
            await WriteAsync(key, content, ifNoneMatch: "*", sent.Token).ConfigureAwait(false);
            return CreateOutcome.Created;
        }
        catch (AmazonS3Exception exception) when (exception.StatusCode == HttpStatusCode.PreconditionFailed)
        {
            return CreateOutcome.Exists;
        }
        catch (Exception exception) when (S3Errors.IsOfEngine(exception, cancellationToken))
        {
            return S3Errors.IsRefusal(exception)
                ? throw S3Errors.Of(exception, address, $"to create '{key}'")
                : CreateOutcome.Unknown;
        }
        catch (Exception exception) when (S3Errors.IsOfCancelled(exception, cancellationToken))
        {
            throw S3Errors.Cancelled(exception, cancellationToken);
        }
    }

    /// <inheritdoc/>
    public async ValueTask PutAsync(string key, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
        await AskAsync(
            $"to put '{key}'", sent => WriteAsync(key, content, ifNoneMatch: null, sent.Token), cancellationToken)
            .ConfigureAwait(false);

    /// <inheritdoc/>
    public async ValueTask<ReadOnlyMemory<byte>?> GetAsync(string key, CancellationToken cancellationToken) =>
        await GetAsync(repeated, key, cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public async ValueTask<ReadOnlyMemory<byte>?> GetAfreshAsync(string key, CancellationToken cancellationToken)
    {
        using EngineConnections connections = new(address.Endpoint, trust, sendsOnce: false);
        using AmazonS3Client client = Connect(address, credentials, connections, retries: 3);
        return await GetAsync(client, key, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask<bool> CopyAsync(string source, string destination, CancellationToken cancellationToken) =>
        await AskAsync($"to copy '{source}' to '{destination}'", async sent =>
        {
            CopyObjectRequest request = new()
            {
                SourceBucket = address.Bucket,
                SourceKey = address.Prefix + source,
                DestinationBucket = address.Bucket,
                DestinationKey = address.Prefix + destination,
            };
            try
            {
                await repeated.CopyObjectAsync(request, sent.Token).ConfigureAwait(false);
                return true;
            }
            catch (AmazonS3Exception exception) when (exception.ErrorCode == "NoSuchKey")
            {
                return false;
            }
        }, cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<ObjectEntry>> ListAsync(
        string prefix, string? after, int limit, CancellationToken cancellationToken)
    {
        List<ObjectEntry> found = [];
        string? token = null;
        while (true)
        {
            ListObjectsV2Response page = await AskAsync(
                $"to list '{prefix}'",
                sent => repeated.ListObjectsV2Async(
                    new ListObjectsV2Request
                    {
                        BucketName = address.Bucket,
                        Prefix = address.Prefix + prefix,
                        StartAfter = after is null ? null : address.Prefix + after,
                        ContinuationToken = token,
                        MaxKeys = limit - found.Count,
                        // A page is XML, which does not have every character of a name.
                        Encoding = EncodingType.Url,
                    },
                    sent.Token),
                cancellationToken).ConfigureAwait(false);
            bool isEncoded = page.Encoding == EncodingType.Url;
            found.AddRange((page.S3Objects ?? []).Select(
                one => Read(one, isEncoded ? WebUtility.UrlDecode(one.Key) : one.Key)));
            if (page.IsTruncated != true || found.Count >= limit)
            {
                return found;
            }

            token = page.NextContinuationToken
                ?? throw S3Errors.Broken(address, "a page of a list that goes on says not where.");
        }
    }

    /// <inheritdoc/>
    public async ValueTask DeleteAsync(string key, CancellationToken cancellationToken) =>
        await AskAsync(
            $"to delete '{key}'",
            sent => repeated.DeleteObjectAsync(
                new DeleteObjectRequest { BucketName = address.Bucket, Key = address.Prefix + key }, sent.Token),
            cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public void Dispose()
    {
        once.Dispose();
        repeated.Dispose();
        onceConnections.Dispose();
        repeatedConnections.Dispose();
    }

    private static AmazonS3Client Connect(
        S3Address address, AWSCredentials? credentials, EngineConnections connections, int retries)
    {
        AmazonS3Config config = new()
        {
            MaxErrorRetry = retries,
            AuthenticationRegion = address.Region,
            // Ceph 16 and others do not know the SDK's own checksums; what is stored is verified by its chunk id.
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
            HttpClientFactory = connections,
        };
        if (address.Endpoint is null)
        {
            config.RegionEndpoint = Amazon.RegionEndpoint.GetBySystemName(address.Region);
        }
        else
        {
            config.ServiceURL = address.Endpoint.ToString();
            config.ForcePathStyle = true;
        }

        return credentials is null ? new AmazonS3Client(config) : new AmazonS3Client(credentials, config);
    }

    private async Task<ReadOnlyMemory<byte>?> GetAsync(
        AmazonS3Client client, string key, CancellationToken cancellationToken) =>
        await AskAsync<ReadOnlyMemory<byte>?>($"to get '{key}'", async sent =>
        {
            GetObjectRequest request = new() { BucketName = address.Bucket, Key = address.Prefix + key };
            try
            {
                using GetObjectResponse response =
                    await client.GetObjectAsync(request, sent.Token).ConfigureAwait(false);
                return sent.Body;
            }
            catch (AmazonS3Exception exception) when (exception.ErrorCode == "NoSuchKey")
            {
                return null;
            }
        }, cancellationToken).ConfigureAwait(false);

    private async Task<PutObjectResponse> WriteAsync(
        string key, ReadOnlyMemory<byte> content, string? ifNoneMatch, CancellationToken cancellationToken)
    {
        using MemoryStream stream = new(content.ToArray(), writable: false);
        return await once.PutObjectAsync(
            new PutObjectRequest
            {
                BucketName = address.Bucket,
                Key = address.Prefix + key,
                InputStream = stream,
                AutoCloseStream = false,
                IfNoneMatch = ifNoneMatch,
                UseChunkEncoding = false,
            },
            cancellationToken).ConfigureAwait(false);
    }

    private async Task<T> AskAsync<T>(
        string request, Func<EngineRequest, Task<T>> ask, CancellationToken cancellationToken)
    {
        using var sent = EngineRequest.Begin(clock, cancellationToken);
        try
        {
            return await ask(sent).ConfigureAwait(false);
        }
        catch (Exception exception) when (S3Errors.IsOfEngine(exception, cancellationToken))
        {
            throw S3Errors.Of(exception, address, request);
        }
        catch (Exception exception) when (S3Errors.IsOfCancelled(exception, cancellationToken))
        {
            throw S3Errors.Cancelled(exception, cancellationToken);
        }
    }

    private ObjectEntry Read(S3Object found, string key) => new(
        key.StartsWith(address.Prefix, StringComparison.Ordinal)
            ? key[address.Prefix.Length..]
            : throw S3Errors.Broken(address, $"a list of keys below '{address.Prefix}' has '{key}'."),
        found.Size ?? 0,
        found.LastModified is { } modified ? new DateTimeOffset(modified.ToUniversalTime()) : DateTimeOffset.UnixEpoch);
}

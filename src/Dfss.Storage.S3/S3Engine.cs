using System.Net;
using System.Security.Cryptography.X509Certificates;
using Amazon.Runtime;
using Amazon.Runtime.Credentials;
using Amazon.S3;

namespace Dfss.Storage.S3;

/// <summary>The entrance: an S3-compatible engine as a peer takes it.</summary>
public static class S3Engine
{
    /// <summary>The address of a store in its full form, without credentials; connects to nothing.</summary>
    /// <exception cref="DfssException"><see cref="DfssErrorCode.InvalidArgument"/>: it is none.</exception>
    public static string ReadAddress(string address) => S3Address.Parse(address).ToString();

    /// <summary>The engine at the address of a store; connects to nothing.</summary>
    /// <param name="address">For example <c>s3://bucket/prefix?endpoint=http://127.0.0.1:7480</c>.</param>
    /// <param name="credential">Access key and secret; null for those that the AWS SDK finds: environment, profile,
    /// role.</param>
    /// <param name="authorities">The authorities of the engine's certificate: they count, and no others; empty for
    /// those of the system.</param>
    /// <exception cref="DfssException"><see cref="DfssErrorCode.InvalidArgument"/>: it is no address, there are no
    /// credentials, or there are authorities for an engine that shows no certificate.</exception>
    public static StoreEngine Open(
        string address, NetworkCredential? credential, IReadOnlyList<X509Certificate2> authorities)
    {
        ArgumentNullException.ThrowIfNull(authorities);
        S3Address parsed = S3Address.Parse(address);
        if (authorities.Count > 0 && parsed.Endpoint is { Scheme: "http" })
        {
            throw new DfssException(
                DfssErrorCode.InvalidArgument,
                $"-EngineAuthority is given, and the endpoint '{parsed.Endpoint.OriginalString}' is http: it shows no "
                    + "certificate.",
                "Give an https endpoint in the address, or leave -EngineAuthority out.");
        }

        EngineTrust trust = authorities.Count == 0 ? EngineTrust.OfSystem : new EngineTrust(authorities);
        AWSCredentials credentials = credential is null ? FindCredentials() : ToCredentials(credential);
        return new StoreEngine(
            parsed.ToString(), () => new S3ObjectStore(parsed, credentials, TimeProvider.System, trust));
    }

    private static BasicAWSCredentials ToCredentials(NetworkCredential credential) =>
        credential is { UserName.Length: > 0, Password.Length: > 0 }
            ? new BasicAWSCredentials(credential.UserName, credential.Password)
            : throw new DfssException(
                DfssErrorCode.InvalidArgument, "The access key or the secret of -Credential is empty.",
                "Give the access key as its user name and the secret as its password.");

    private static AWSCredentials FindCredentials()
    {
        try
        {
            return new DefaultAWSCredentialsIdentityResolver().ResolveIdentity(new AmazonS3Config());
        }
        catch (AmazonClientException exception)
        {
            throw new DfssException(
                DfssErrorCode.InvalidArgument,
                $"The AWS SDK found no credentials: {exception.Message}",
                "Give them with -Credential (access key and secret), or set $env:AWS_ACCESS_KEY_ID and "
                    + "$env:AWS_SECRET_ACCESS_KEY.",
                exception);
        }
    }
}

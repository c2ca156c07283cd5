using System.Management.Automation;
using System.Net;
using System.Runtime.CompilerServices;
using Dfss.Storage;
using Dfss.Storage.S3;

namespace Dfss.Commands;

/// <content>A store in an S3-compatible engine. Its assembly loads only where such a store is named.</content>
public sealed partial class StartDfssPeerCommand
{
    private const string EngineSet = "Store";

    /// <summary>The address of a store in an S3-compatible engine: s3://BUCKET/PREFIX?endpoint=URL.</summary>
    [Parameter(Mandatory = true, ParameterSetName = EngineSet,
        HelpMessage = "A store in an S3-compatible engine: s3://BUCKET/PREFIX?endpoint=URL.")]
    [TextArgument]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(NoCompletion))]
    public string? Store { get; set; }

    /// <summary>
    /// The access key (user name) and the secret (password) for the engine; by default what the AWS SDK finds.
    /// </summary>
    [Parameter(ParameterSetName = EngineSet,
        HelpMessage = "The access key and the secret for the engine. Default: what the AWS SDK finds.")]
    [ValidateNotNull]
    // Before the other, which takes the text of a script block for a user name.
    [TextArgument]
    [Credential]
    [ArgumentCompleter(typeof(NoCompletion))]
    public PSCredential? Credential { get; set; }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static string ReadAddress(string text) => S3Engine.ReadAddress(text);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static StoreEngine OpenEngine(string address, NetworkCredential? credential) =>
        S3Engine.Open(address, credential);
}

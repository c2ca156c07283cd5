using Dfss.Protocol;
using Dfss.Transport;

namespace Dfss.Peers;

/// <summary>
/// The weight of a request in a peer's work: the requests of one identity that are worked on at a time leave a part to
/// the others.
/// </summary>
internal static class RequestWeight
{
    /// <summary>
    /// 256: the weight that a peer works on at a time: the single chunks of eight full connections, or 32 batches.
    /// </summary>
    public const int Limit = 256;

    /// <summary>8: a batch or a page is many names, and its answer is made before its length is known.</summary>
    private const int Batch = 8;

    /// <summary>
    /// The longest question for chunks, 131,072 ids, is half of all, so an identity has one at a time: it takes a
    /// processor some time.
    /// </summary>
    private const int IdBytesPerUnit = 32 << 10;

    /// <summary>The weight of a request; 0 for one that is always answered at once.</summary>
    public static int Of(ReceivedMessage request) => request.Message.Operation switch
    {
        Operations.Ping => 0,
        Operations.FindMissing => 1 + Math.Min((request.PayloadBytes ?? 0) / IdBytesPerUnit, Limit / 2),
        Operations.StoreChunks or Operations.GetChunks => Batch,
        Operations.Prepare or Operations.Seal or Operations.Accept or Operations.Decide or Operations.Read => Batch,
        Operations.ListFiles or Operations.ListSeals or Operations.Optimize => Batch,
        Operations.ListCertificates or Operations.GetRevocations or Operations.PutRevocations => Batch,
        _ => 1,
    };
}

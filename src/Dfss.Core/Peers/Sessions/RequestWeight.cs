using Dfss.Protocol;
using Dfss.Transport;

namespace Dfss.Peers;

/// <summary>
/// How much of a peer's work a request is: those of one identity that are worked on at a time leave something to the
/// others.
/// </summary>
internal static class RequestWeight
{
    /// <summary>
    /// 256: what a peer works on at a time. Of single chunks, eight full connections' worth; of batches 32.
    /// </summary>
    public const int Limit = 256;

    /// <summary>8: a batch or a page is many names, and its answer is made before it is known how long it is.</summary>
    private const int Batch = 8;

    /// <summary>
    /// The longest question for chunks, 131,072 ids, is half of all, so an identity has one at a time: it takes a
    /// processor a while.
    /// </summary>
    private const int IdBytesPerUnit = 32 << 10;

    /// <summary>What a request weighs; 0 for one that is answered whatever else is under way.</summary>
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

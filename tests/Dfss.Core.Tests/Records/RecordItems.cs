using Dfss.Protocol;
using Dfss.Records;

namespace Dfss.Tests.Records;

/// <summary>One good item of the payload of each operation that carries such items.</summary>
internal static class RecordItems
{
    /// <summary>The item; three bytes where the operation has none.</summary>
    public static byte[] Of(string operation) => operation switch
    {
        Operations.Prepare => RecordCodec.Encode(new PrepareRequest(Sample.Name, Sample.Ballot(1) with { Epoch = 1 })),
        Operations.Seal => RecordCodec.Encode(
            new SealRequest(Sample.Name, Sample.Ballot(2), Sample.FileId(1), Sample.AllOf(9))),
        Operations.Accept => RecordCodec.Encode(new AcceptRequest(Sample.Name, Sample.Ballot(3), Sample.Moved())),
        Operations.Decide => RecordCodec.Encode(new DecideRequest(
            Sample.Name, Sample.Ballot(4), Sample.Record() with { Previous = [Sample.Previous(1, Sample.FileId(2))] })),
        Operations.Read => RecordCodec.Encode(new ReadRequest(Sample.Name)),
        _ => [1, 2, 3],
    };
}

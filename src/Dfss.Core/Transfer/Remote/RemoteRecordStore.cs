using Dfss.Protocol;
using Dfss.Records;
using Dfss.Transport;

namespace Dfss.Transfer;

/// <summary>The registers of a peer, at the other end of a connection.</summary>
internal sealed class RemoteRecordStore(PeerLink link) : IRecordStore
{
    /// <summary>Batches above this go over the connection for bulk.</summary>
    private const int BulkBytes = 64 << 10;

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<RegisterAnswer>> AskAsync(
        IReadOnlyList<RegisterRequest> requests, CancellationToken cancellationToken)
    {
        if (requests.Count == 0)
        {
            return [];
        }

        string operation = OperationOf(requests[0]);
        (MessageMap arguments, byte[] payload) = MessageBatch.Join(requests.Select(RecordCodec.Encode));
        PeerCall call = new(operation, arguments, payload, Destination: null, payload.Length > BulkBytes);
        RegisterAnswer[] answers = await link.CallAsync(
            call,
            static response => (RegisterAnswer[])[
                .. MessageBatch.Split(response.Results, response.Payload).Select(RecordCodec.DecodeAnswer)],
            cancellationToken).ConfigureAwait(false);
        if (answers.Length != requests.Count)
        {
            throw new DfssException(
                DfssErrorCode.ProtocolViolation, link.Address,
                $"{answers.Length} answers came to {requests.Count} requests of '{operation}'.");
        }

        for (int i = 0; i < answers.Length; i++)
        {
            ThrowIfOfAnotherName(answers[i].Accepted, requests[i].Name);
            ThrowIfOfAnotherName(answers[i].Decided, requests[i].Name);
        }

        return answers;
    }

    /// <inheritdoc/>
    public async ValueTask<RecordPage> ListAsync(ListRequest request, CancellationToken cancellationToken)
    {
        MessageMap arguments = new() { { "limit", request.Limit }, { "prefix", request.Prefix }, { "clocks", true } };
        if (request.After is not null)
        {
            arguments.Add("after", request.After);
        }

        PeerCall call = new(Operations.ListFiles, arguments, Payload: null, Destination: null, IsBulk: true);
        return await link.CallAsync(
            call,
            response => ReadPage(response, request.Limit),
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Reads a page; a record that is malformed, and whose name can be read, is no reason to refuse the others.
    /// </summary>
    private static RecordPage ReadPage(Response response, int limit)
    {
        IReadOnlyList<ReadOnlyMemory<byte>> items = MessageBatch.Split(response.Results, response.Payload);
        if (items.Count > limit)
        {
            throw new DfssException(
                DfssErrorCode.InvalidArgument, $"{items.Count} records came, and {limit} were asked for.");
        }

        ChunkBitmap doubts = response.Results.TryGet("doubted", out MessageValue value)
            ? new ChunkBitmap(value.AsBinary())
            : default;
        IReadOnlyList<StoreClock> clocks =
            response.Results.TryGet("clocks", out value) ? RecordCodec.DecodeClocks(value.AsBinary()) : [];
        List<BallotedRecord> records = new(items.Count);
        List<bool> doubted = new(items.Count);
        List<UnreadableRecord> unreadable = [];
        foreach ((int index, ReadOnlyMemory<byte> item) in items.Index())
        {
            try
            {
                records.Add(RecordCodec.DecodeBallotedRecord(item));
                doubted.Add(doubts[index]);
            }
            catch (DfssException error) when (RecordCodec.FindName(item) is { } name)
            {
                unreadable.Add(new UnreadableRecord(name, error.Reason));
            }
        }

        return new RecordPage(records, response.Results.Required("more").AsBoolean())
        {
            IsLimited = response.Results.TryGet("limited", out value) && value.AsBoolean(),
            Unreadable = unreadable,
            Doubted = doubted,
            Clock = clocks.Count > 0 ? clocks[0] : null,
            Known = [.. clocks.Skip(1)],
        };
    }

    private static string OperationOf(RegisterRequest request) => request switch
    {
        PrepareRequest => Operations.Prepare,
        SealRequest => Operations.Seal,
        AcceptRequest => Operations.Accept,
        DecideRequest => Operations.Decide,
        ReadRequest => Operations.Read,
        _ => throw new ArgumentException(
            $"A {request.GetType().Name} is not a step of the register.", nameof(request)),
    };

    private void ThrowIfOfAnotherName(BallotedRecord? answered, string name)
    {
        if (answered is not null && !string.Equals(answered.Record.Name, name, StringComparison.Ordinal))
        {
            throw new DfssException(
                DfssErrorCode.ProtocolViolation, link.Address,
                $"asked for '{name}', it answered the record of '{answered.Record.Name}'.");
        }
    }
}

using Dfss.Encryption;
using Dfss.Protocol;
using Dfss.Records;
using Dfss.Testing;
using Dfss.Transport;
using Xunit;

namespace Dfss.Tests.Fuzz;

/// <summary>Spoiled bytes in process: everything that reads bytes of others gives a value or a typed error.</summary>
public sealed class CodecFuzzTests(ITestOutputHelper output)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Spoiled_frames_are_read_or_refused_however_they_arrive()
    {
        (int seed, int count) = FuzzSettings.Take(output, usual: 3000);
        FrameMutator mutator = new(seed);
        int read = 0;
        for (int i = 0; i < count; i++)
        {
            byte[] frame = mutator.Next();
            string[] whole = await ReadAllAsync(frame, int.MaxValue);
            read += whole.Length - 1;
            string[] pieces = await ReadAllAsync(frame, 1 + mutator.Below(16));
            Assert.True(whole.SequenceEqual(pieces), $"{Convert.ToHexStringLower(frame)}\n{string.Join('\n', whole)}\n{string.Join('\n', pieces)}");
        }

        output.WriteLine($"{read} messages were read.");
        Assert.InRange(read, 1, 20 * count);
    }

    [Fact]
    public void Spoiled_items_and_manifests_are_read_or_refused()
    {
        (int seed, int count) = FuzzSettings.Take(output, usual: 3000);
        FrameMutator mutator = new(seed);
        Action<byte[]>[] readers =
        [
            bytes => RecordCodec.DecodeRecord(bytes), bytes => RecordCodec.DecodeState(bytes), bytes => RecordCodec.DecodeAnswer(bytes),
            bytes => RecordCodec.DecodePrepare(bytes), bytes => RecordCodec.DecodeSeal(bytes), bytes => RecordCodec.DecodeAccept(bytes),
            bytes => RecordCodec.DecodeDecide(bytes), bytes => RecordCodec.DecodeRead(bytes), bytes => RecordCodec.DecodeBallotedRecord(bytes),
            bytes => RecordCodec.DecodeSealedName(bytes), bytes => FileManifest.Decode(bytes),
        ];
        string[] steps = [Operations.Prepare, Operations.Seal, Operations.Accept, Operations.Decide, Operations.Read];
        for (int i = 0; i < count; i++)
        {
            byte[] bytes = i % 10 == 0 ? mutator.Next() : Tests.Records.RecordItems.Of(steps[i % steps.Length]);
            mutator.SpoilInPlace(bytes);
            foreach (Action<byte[]> reader in readers)
            {
                try
                {
                    reader(bytes);
                }
                catch (DfssException error)
                {
                    Assert.True(
                        error.Code is DfssErrorCode.InvalidArgument or DfssErrorCode.InvalidName or DfssErrorCode.ChunkCorrupt, error.ToString());
                }
            }
        }
    }

    [Fact]
    public void Spoiled_envelopes_are_read_or_refused()
    {
        (int seed, int count) = FuzzSettings.Take(output, usual: 3000);
        FrameMutator mutator = new(seed);
        byte[] good = Encryption.Vectors.Bytes("envelope");
        int read = 0;
        for (int i = 0; i < count; i++)
        {
            byte[] bytes = [.. good];
            mutator.SpoilInPlace(bytes);
            Array.Resize(ref bytes, mutator.Below(4) == 0 ? 1 + mutator.Below(KeyEnvelope.MaxBytes) : bytes.Length);
            try
            {
                EnvelopeContent content = EnvelopeContent.Decode(new KeyEnvelope(bytes), "x");
                Assert.Equal(bytes, content.Encode().Encoded.ToArray());
                read++;
            }
            catch (DfssException error)
            {
                Assert.True(error.Code is DfssErrorCode.FileTampered or DfssErrorCode.VersionNotSupported, error.ToString());
            }
        }

        Assert.InRange(read, 1, count);
    }

    /// <summary>What was read, message by message, and how it ended.</summary>
    private static async Task<string[]> ReadAllAsync(byte[] bytes, int maxReceiveBytes)
    {
        (MemoryConnection client, MemoryConnection far) = MemoryConnection.CreatePair();
        far.MaxReceiveBytes = maxReceiveBytes;
        PayloadPool pool = new(DfssLimits.MaxPayloadBytes);
        await using MessageChannel server = new(far, pool, new ChannelOptions { MaxBodyBytes = DfssLimits.MaxFrameBytes });
        await client.SendAsync(bytes, Token);
        await client.DisposeAsync();
        List<string> seen = [];
        try
        {
            while (await server.ReadAsync(Token) is { } message)
            {
                using ReceivedMessage owned = message;
                seen.Add($"{Protocol.MessageSamples.Describe(message.Message)} {message.PayloadBytes}");
            }

            seen.Add("end");
        }
        catch (DfssException error)
        {
            Assert.True(
                error.Code is DfssErrorCode.ProtocolViolation or DfssErrorCode.LimitExceeded or DfssErrorCode.PeerUnreachable
                    or DfssErrorCode.TlsNotExpected,
                error.ToString());
            seen.Add($"{error.Code}: {error.Message}");
        }

        Assert.Equal(0, pool.RentedBytes);
        return [.. seen];
    }
}

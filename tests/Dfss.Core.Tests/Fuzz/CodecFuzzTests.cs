using Dfss.Security;
using Dfss.Testing;
using Dfss.Tests.Repository;
using Dfss.Transport;
using Xunit;

namespace Dfss.Tests.Fuzz;

/// <summary>
/// Changed bytes in process: every decoder of bytes from a peer or client gives a value or a typed error.
/// </summary>
public sealed class CodecFuzzTests(ITestOutputHelper output)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Changed_frames_are_read_or_refused_however_they_arrive()
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
            Assert.True(
                whole.SequenceEqual(pieces),
                $"{Convert.ToHexStringLower(frame)}\n{string.Join('\n', whole)}\n{string.Join('\n', pieces)}");
        }

        output.WriteLine($"{read} messages were read.");
        Assert.InRange(read, 1, 20 * count);
    }

    [Theory]
    [MemberData(nameof(Targets))]
    public void The_corpus_and_its_mutations_do_no_harm(string target)
    {
        byte[][] corpus =
        [
            .. Directory.EnumerateFiles(Path.Combine(RepositoryFiles.Root, "tests", "Dfss.Fuzz", "corpus", target))
                .Order(StringComparer.Ordinal).Select(File.ReadAllBytes),
        ];
        Assert.NotEmpty(corpus);
        (int seed, int count) = FuzzSettings.Take(output, usual: 3000);
        FrameMutator mutator = new(seed);
        for (int i = 0; i < corpus.Length + count; i++)
        {
            byte[] bytes = [.. corpus[i % corpus.Length]];
            for (int times = i < corpus.Length ? 0 : 1 + mutator.Below(4); times > 0; times--)
            {
                mutator.ChangeInPlace(bytes);
            }

            try
            {
                FuzzTargets.Run(target, bytes);
            }
            catch (Exception error)
            {
                throw new InvalidOperationException($"{target}: {Convert.ToHexStringLower(bytes)}", error);
            }
        }
    }

    [Fact]
    public void What_the_signer_of_revocation_lists_is_given_is_read()
    {
        byte[] content = Convert.FromHexString("170d3236313132363038313932395aa00e300c300a0603551d140403020107");
        RevocationSigner signer = new();
        Assert.Equal(7, RevocationList.Read(signer.Sign(content), [signer.Certificate]).Number);
        FormatException cut = Assert.Throws<FormatException>(
            () => RevocationList.Read(signer.Sign(content.AsSpan(..^1)), [signer.Certificate]));
        Assert.DoesNotContain("signed", cut.Message, StringComparison.Ordinal);
    }

    public static TheoryData<string> Targets() => [.. FuzzTargets.All.Keys];

    /// <summary>What was read, message by message, and how it ended.</summary>
    private static async Task<string[]> ReadAllAsync(byte[] bytes, int maxReceiveBytes)
    {
        (MemoryConnection client, MemoryConnection far) = MemoryConnection.CreatePair();
        far.MaxReceiveBytes = maxReceiveBytes;
        PayloadPool pool = new(DfssLimits.MaxPayloadBytes);
        await using MessageChannel server = new(
            far, pool, new ChannelOptions { MaxBodyBytes = DfssLimits.MaxFrameBytes });
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
                error.Code is DfssErrorCode.ProtocolViolation or DfssErrorCode.LimitExceeded
                    or DfssErrorCode.PeerUnreachable
                    or DfssErrorCode.TlsNotExpected,
                error.ToString());
            seen.Add($"{error.Code}: {error.Message}");
        }

        Assert.Equal(0, pool.RentedBytes);
        return [.. seen];
    }
}

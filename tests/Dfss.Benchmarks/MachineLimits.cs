using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Dfss.Transport;
using Microsoft.Win32.SafeHandles;

namespace Dfss.Benchmarks;

/// <summary>
/// What this machine can do at best, measured now: the parts every transfer is made of, each alone. Costs are processor
/// seconds per GB (10^9 bytes), of all threads and both ends together.
/// </summary>
internal sealed record MachineLimits
{
    private const int BlockBytes = 1 << 20;
    private const int PieceBytes = 256 << 10;
    private const long Gigabyte = 1_000_000_000;

    /// <summary>SHA-256 of 1 MiB blocks.</summary>
    public required double Sha256Cost { get; init; }

    /// <summary>TCP over loopback, 1 MiB writes, both ends.</summary>
    public required double LoopbackCost { get; init; }

    /// <summary>1 MiB files: written by 256 KiB, fsynced, renamed, 4 at a time.</summary>
    public required double DurableWriteCost { get; init; }

    /// <summary>GB a second of the same, by the clock: what the disk makes of it.</summary>
    public required double DurableWriteSpeed { get; init; }

    /// <summary>One preallocated file, 256 KiB writes, no fsync.</summary>
    public required double PlainWriteCost { get; init; }

    /// <summary>Reading a file that is in the page cache.</summary>
    public required double CachedReadCost { get; init; }

    /// <summary>
    /// GB a second at which every chunk can be read, sent, hashed at both ends and made durable: the lower of
    /// processors and disk.
    /// </summary>
    public double SendLimit => Math.Min(
        Environment.ProcessorCount / ((2 * Sha256Cost) + LoopbackCost + DurableWriteCost + CachedReadCost),
        DurableWriteSpeed);

    /// <summary>GB a second at which every chunk can be read, sent, hashed once and written.</summary>
    public double ReceiveLimit =>
        Environment.ProcessorCount / (Sha256Cost + LoopbackCost + CachedReadCost + PlainWriteCost);

    /// <summary>
    /// Touches memory and gives it back. A virtual machine hands memory that lies free to its host; getting it again
    /// costs up to 5 processor seconds per GB, which would be counted to whatever is measured next.
    /// </summary>
    /// <param name="bytes">How much; at most 4 GiB are touched.</param>
    public static unsafe void TouchMemory(long bytes)
    {
        nuint length = (nuint)Math.Min(bytes, 4L << 30);
        byte* memory = (byte*)NativeMemory.Alloc(length);
        for (nuint offset = 0; offset < length; offset += 4096)
        {
            memory[offset] = 1;
        }

        NativeMemory.Free(memory);
    }

    public static async Task<MachineLimits> MeasureAsync(string folder, CancellationToken cancellationToken)
    {
        byte[] block = new byte[BlockBytes];
        RandomNumberGenerator.Fill(block);
        string file = Path.Combine(folder, "limits.bin");
        TouchMemory(2L << 30);
        double sha256 = MeasureSha256(block);
        double loopback = await MeasureLoopbackAsync(block, cancellationToken);
        double plainWrite = MeasurePlainWrite(block, file);
        double cachedRead = MeasureCachedRead(block, file);
        File.Delete(file);
        TouchMemory(2L << 30);
        (double durableCost, double durableSpeed) = MeasureDurableWrite(block, folder);
        return new MachineLimits
        {
            Sha256Cost = sha256,
            LoopbackCost = loopback,
            PlainWriteCost = plainWrite,
            CachedReadCost = cachedRead,
            DurableWriteCost = durableCost,
            DurableWriteSpeed = durableSpeed,
        };
    }

    private static double MeasureSha256(byte[] block)
    {
        Span<byte> digest = stackalloc byte[32];
        TimeSpan before = Environment.CpuUsage.TotalTime;
        for (int i = 0; i < 1024; i++)
        {
            SHA256.HashData(block, digest);
        }

        return CostSince(before, 1024);
    }

    private static async Task<double> MeasureLoopbackAsync(byte[] block, CancellationToken cancellationToken)
    {
        const int Blocks = 2048;
        await using IConnectionListener listener = TcpTransport.Listen("127.0.0.1", 0);
        Task<IConnection> connecting = TcpTransport.ConnectAsync(
            new PeerAddress("127.0.0.1", listener.Endpoints[0].Port), TimeSpan.FromSeconds(5), cancellationToken);
        await using IConnection receiver = await listener.AcceptAsync(cancellationToken);
        await using IConnection sender = await connecting;
        byte[] buffer = new byte[BlockBytes];
        TimeSpan before = Environment.CpuUsage.TotalTime;
        Task sending = Task.Run(
            async () =>
            {
                for (int i = 0; i < Blocks; i++)
                {
                    await sender.SendAsync(block, cancellationToken);
                }
            },
            cancellationToken);
        for (long left = (long)Blocks * BlockBytes; left > 0;)
        {
            left -= await receiver.ReceiveAsync(buffer, cancellationToken);
        }

        await sending;
        return CostSince(before, Blocks);
    }

    private static double MeasurePlainWrite(byte[] block, string path)
    {
        TimeSpan before = Environment.CpuUsage.TotalTime;
        using SafeFileHandle handle = File.OpenHandle(
            path, FileMode.Create, FileAccess.Write, preallocationSize: 1L << 30);
        for (int i = 0; i < 1024; i++)
        {
            WriteBlock(handle, block, (long)i * BlockBytes);
        }

        return CostSince(before, 1024);
    }

    private static double MeasureCachedRead(byte[] block, string path)
    {
        using SafeFileHandle handle = File.OpenHandle(path);
        byte[] buffer = new byte[block.Length];
        TimeSpan before = Environment.CpuUsage.TotalTime;
        for (int i = 0; i < 1024; i++)
        {
            RandomAccess.Read(handle, buffer, (long)i * BlockBytes);
        }

        return CostSince(before, 1024);
    }

    private static (double Cost, double Speed) MeasureDurableWrite(byte[] block, string folder)
    {
        const int Files = 1024;
        string target = Directory.CreateDirectory(Path.Combine(folder, "limits")).FullName;
        TimeSpan before = Environment.CpuUsage.TotalTime;
        long started = Stopwatch.GetTimestamp();
        Parallel.For(0, Files, new ParallelOptions { MaxDegreeOfParallelism = 4 }, index =>
        {
            string name = Path.Combine(target, index.ToString(CultureInfo.InvariantCulture));
            using (SafeFileHandle handle = File.OpenHandle(
                name + ".new", FileMode.CreateNew, FileAccess.Write, preallocationSize: BlockBytes))
            {
                WriteBlock(handle, block, 0);
                RandomAccess.FlushToDisk(handle);
            }

            File.Move(name + ".new", name);
        });
        double speed = Files * (double)BlockBytes / Gigabyte / Stopwatch.GetElapsedTime(started).TotalSeconds;
        double cost = CostSince(before, Files);
        Directory.Delete(target, recursive: true);
        return (cost, speed);
    }

    /// <summary>By pieces, as dfss writes: longer writes cost ten times as much on a virtual machine.</summary>
    private static void WriteBlock(SafeFileHandle file, byte[] block, long offset)
    {
        for (int at = 0; at < block.Length; at += PieceBytes)
        {
            RandomAccess.Write(file, block.AsSpan(at, PieceBytes), offset + at);
        }
    }

    private static double CostSince(TimeSpan before, int blocks) =>
        (Environment.CpuUsage.TotalTime - before).TotalSeconds / (blocks * (double)BlockBytes / Gigabyte);
}

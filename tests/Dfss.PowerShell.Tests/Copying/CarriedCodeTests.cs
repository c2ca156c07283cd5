using System.IO.Compression;
using System.Reflection.PortableExecutable;
using Dfss.Commands;
using Xunit;

namespace Dfss.Tests.Copying;

public sealed class CarriedCodeTests
{
    [Fact]
    public void Every_assembly_is_without_machine_code()
    {
        Assert.InRange(CarriedCode.Bytes.Length, 1, 2 << 20);
        using BinaryReader reader = new(
            new BrotliStream(new MemoryStream(CarriedCode.Bytes), CompressionMode.Decompress));
        for (int left = reader.ReadInt32(); left > 0; left--)
        {
            using PEReader assembly = new(new MemoryStream(reader.ReadBytes(reader.ReadInt32())));
            Assert.Equal(0, assembly.PEHeaders.CorHeader!.ManagedNativeHeaderDirectory.Size);
        }
    }

    [Fact]
    public void The_assembly_for_this_platform_only_is_passed_over()
    {
        string folder = Directory.CreateTempSubdirectory("dfss-carried-").FullName;
        try
        {
            string native = Directory.CreateDirectory(Path.Combine(folder, "runtimes", "this", "lib")).FullName;
            File.Copy(typeof(CarriedCode).Assembly.Location, Path.Combine(folder, "Dfss.Core.dll"));
            File.Copy(typeof(object).Assembly.Location, Path.Combine(native, "Dfss.Core.dll"));

            Assert.Equal(folder, CarriedCode.FindFolder(native));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void No_two_sources_have_one_destination()
    {
        Destinations exact = new(ignoresCase: false);
        Assert.True(exact.TryTake("a/x") && exact.TryTake("A/x") && !exact.TryTake("a/x"));
        Destinations ignoring = new(ignoresCase: true);
        Assert.True(ignoring.TryTake("a/x") && !ignoring.TryTake("A/x"));
    }
}

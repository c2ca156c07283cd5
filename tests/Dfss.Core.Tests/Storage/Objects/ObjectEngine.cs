using Amazon.Runtime;
using Amazon.S3;
using Dfss.Records;
using Dfss.Storage;
using Dfss.Storage.S3;
using Dfss.Testing;
using Xunit;

namespace Dfss.Tests.Storage.Objects;

/// <summary>An engine for a test, with a store in it that no other test uses.</summary>
internal sealed class ObjectEngine : IAsyncDisposable
{
    private const string RealEngine = "DFSS_S3";
    private readonly List<IAsyncDisposable> owned = [];
    private readonly Func<IObjectStore> connect;
    private readonly List<IDisposable> connected = [];

    private ObjectEngine(Func<IObjectStore> connect) => this.connect = connect;

    /// <summary>In this process, without HTTP.</summary>
    public static ObjectEngine InMemory()
    {
        MemoryObjects objects = new();
        return new ObjectEngine(() => objects);
    }

    /// <summary>The fake, over HTTP. Its pages are short, so that every list takes several.</summary>
    public static ObjectEngine OnFake(FakeS3Quirk quirk = FakeS3Quirk.None) =>
        OnFake(new FakeS3(quirk) { PageLimit = quirk == FakeS3Quirk.None ? 2 : 1000 });

    /// <summary>A fake, which is disposed with this.</summary>
    public static ObjectEngine OnFake(FakeS3 fake)
    {
        ObjectEngine engine = new(() => Connect(fake));
        engine.owned.Add(fake);
        return engine;
    }

    /// <summary>A connection to a fake.</summary>
    public static S3ObjectStore Connect(
        FakeS3 fake, string accessKey = FakeS3.AccessKey, TimeProvider? clock = null, EngineTrust? trust = null) => new(
        S3Address.Parse($"s3://{FakeS3.Bucket}/store?endpoint={fake.Endpoint}"),
        new BasicAWSCredentials(accessKey, "secret of the fake"), clock ?? TimeProvider.System,
        trust ?? EngineTrust.OfSystem);

    /// <summary>The engine that <c>DFSS_S3</c> names, with the credentials of the environment; a store with a prefix of
    /// its own there.</summary>
    public static async Task<ObjectEngine> OnRealAsync()
    {
        S3Address address = await FindRealAsync();
        return new ObjectEngine(() => new S3ObjectStore(
            address, credentials: null, TimeProvider.System, EngineTrust.OfSystem));
    }

    /// <summary>A store with a prefix of its own in the engine that <c>DFSS_S3</c> names; the test is skipped where
    /// none is named.</summary>
    public static async Task<S3Address> FindRealAsync()
    {
        string? named = Environment.GetEnvironmentVariable(RealEngine);
        Assert.SkipUnless(
            named is not null,
            $"It takes a real engine: {RealEngine} is its address, as tests/Dfss.Ceph/run.sh sets it.");
        S3Address bucket = S3Address.Parse(named);
        return await MakeBucketAsync(bucket with { Prefix = $"{bucket.Prefix}{Guid.NewGuid():N}/" });
    }

    /// <summary>A bucket of its own in the engine that <c>DFSS_S3</c> names; the test is skipped where none is
    /// named.</summary>
    public static async Task<S3Address> FindRealBucketAsync()
    {
        S3Address address = await FindRealAsync();
        return await MakeBucketAsync(address with { Bucket = $"{address.Bucket}-{Guid.NewGuid():N}" });
    }

    private static async Task<S3Address> MakeBucketAsync(S3Address address)
    {
        using AmazonS3Client client = new(new AmazonS3Config
        {
            ServiceURL = address.Endpoint!.ToString(),
            ForcePathStyle = true,
            AuthenticationRegion = address.Region,
        });
        await client.PutBucketAsync(address.Bucket, TestContext.Current.CancellationToken);
        return address;
    }

    /// <summary>One more client, with connections of its own.</summary>
    public IObjectStore Connect()
    {
        IObjectStore objects = connect();
        if (objects is IDisposable disposable)
        {
            connected.Add(disposable);
        }

        return objects;
    }

    /// <summary>The chunks and registers of a peer of this store.</summary>
    public (IRecordStore Records, ObjectChunkStore Chunks) OpenPeer()
    {
        StoreId store = StoreId.Parse("0123456789abcdef0123456789abcdef");
        IObjectStore objects = Connect();
        CollectionCell cell = new(objects, Guid.NewGuid);
        ObjectChunks chunks = new(objects, cell, Guid.NewGuid, new SeenChunks());
        ObjectRegisterTable table = new(objects, store, Guid.Empty, Guid.NewGuid);
        RecordStore records = new(
            table, new ObjectSealCheck(cell, chunks), new StoreRoots(store), new FailStopLatch("the bucket", log: null),
            new VoteHistory(table, new LocalStoreOptions()));
        return (records, new ObjectChunkStore(objects, chunks, cell));
    }

    public async ValueTask DisposeAsync()
    {
        connected.ForEach(one => one.Dispose());
        foreach (IAsyncDisposable one in owned)
        {
            await one.DisposeAsync();
        }
    }
}

using System.Runtime.CompilerServices;
using Dfss.Storage;
using Dfss.Transfer;

namespace Dfss.Tests;

/// <summary>
/// A chunk that no peer delivers is tried five times, three seconds in all, and many of these tests lose one.
/// <c>TransferOptionsTests</c> checks the delay that users get. The probe of an engine races 20 times, which
/// <c>BucketStoreTests</c> checks.
/// </summary>
internal static class QuickRetries
{
    [ModuleInitializer]
    internal static void Set()
    {
        TransferOptions.DefaultRetryDelay = TimeSpan.FromMilliseconds(10);
        StoreEngine.DefaultProbeRounds = 2;
    }
}

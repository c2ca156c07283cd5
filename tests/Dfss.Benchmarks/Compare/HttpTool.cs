using System.Globalization;
using Dfss.Testing;

namespace Dfss.Benchmarks;

/// <summary>What <see cref="HttpTool"/> does beside moving the bytes.</summary>
internal enum HttpWay
{
    /// <summary>Nothing.</summary>
    Plain,

    /// <summary>TLS, the server authenticated.</summary>
    Tls,

    /// <summary>sha256sum of each file at both ends, after the transfer.</summary>
    Sha256,

    /// <summary>Received by aria2 instead of curl, on several connections.</summary>
    Aria2,
}

/// <summary>
/// curl to an nginx of its own on loopback (PUT and GET), many files on one connection; or aria2 for the way back.
/// </summary>
internal sealed class HttpTool : ICopyTool
{
    private const string Verify =
        " && (cd \"$1\" && find . -type f -exec sha256sum {} + > \"$0.sums\")"
        + " && (cd \"$2\" && sha256sum --quiet -c \"$0.sums\")";

    private readonly ServerProcess server;
    private readonly string root;
    private readonly string address;
    private readonly HttpWay way;

    private HttpTool(ServerProcess server, string root, string address, HttpWay way)
    {
        this.server = server;
        this.root = root;
        this.address = address;
        this.way = way;
    }

    public string Name => way switch
    {
        HttpWay.Tls => "nginx and curl, TLS",
        HttpWay.Sha256 => "nginx and curl, then sha256sum",
        HttpWay.Aria2 => "nginx, curl to it and aria2 from it",
        _ => "nginx and curl",
    };

    public string Promise => way switch
    {
        HttpWay.Tls => "each TLS record; not synced",
        HttpWay.Sha256 => "SHA-256 of each file, at both ends; not synced",
        _ => "nothing verified; not synced",
    };

    private string CurlCommand => "curl -K \"$0\" > /dev/null" + (way == HttpWay.Sha256 ? Verify : string.Empty);

    /// <param name="root">The folder below which the server reads and writes.</param>
    /// <param name="way">What is done beside.</param>
    public static async Task<ICopyTool> StartAsync(string root, HttpWay way)
    {
        string[] needed = ["nginx", "curl", way switch { HttpWay.Aria2 => "aria2c", _ => "sha256sum" }];
        if (needed.FirstOrDefault(
            name => Programs.Find(name) is null) is { } missing)
        {
            throw new ToolUnavailableException(missing + " is not installed");
        }

        string own = Directory.CreateDirectory(Path.Combine(root, "http-" + way)).FullName;
        int port = ServerProcess.FindFreePort();
        string configuration = Path.Combine(own, "nginx.conf");
        await File.WriteAllTextAsync(configuration, Configure(root, own, port, way));
        ServerProcess server = await ServerProcess.StartAsync(
            Programs.Find("nginx")!, ["-c", configuration, "-p", own, "-e", Path.Combine(own, "errors")], port);
        string scheme = way == HttpWay.Tls ? "https" : "http";
        return new HttpTool(
            server, root, string.Create(CultureInfo.InvariantCulture, $"{scheme}://127.0.0.1:{port}/"), way);
    }

    public async Task<Turn> RunAsync(Workload workload, string folder)
    {
        string copy = Path.GetRelativePath(root, folder) + "/copy/";
        string received = Directory.CreateDirectory(Path.Combine(folder, "received")).FullName;
        string stored = Directory.CreateDirectory(Path.Combine(folder, "copy")).FullName;
        string[] names = workload.GetNames();
        string sends = await WriteCommandsAsync(
            folder, "send", names, name => $"upload-file = \"{workload.Folder}/{name}\"", copy);
        Cost send = await MeasureAsync(workload, CurlCommand, sends, workload.Folder, stored);
        if (way == HttpWay.Aria2)
        {
            string list = Path.Combine(folder, "receive.aria2");
            await File.WriteAllLinesAsync(list, names.Select(name => $"{address}{copy}{name}\n out={name}"));
            const string Receive = "exec aria2c -q -j 8 -x 4 -d \"$2\" -i \"$0\"";
            return new Turn(send, await MeasureAsync(workload, Receive, list, stored, received));
        }

        string receives = await WriteCommandsAsync(
            folder, "receive", names, name => $"create-dirs\noutput = \"{received}/{name}\"", copy);
        return new Turn(send, await MeasureAsync(workload, CurlCommand, receives, stored, received));
    }

    public ValueTask DisposeAsync() => server.DisposeAsync();

    // No process of its own for the work, so that its processor time is the server's.
    private static string Configure(string root, string own, int port, HttpWay way)
    {
        string tls = string.Empty;
        if (way == HttpWay.Tls)
        {
            using CompanyAuthority authority = new();
            string pem = Path.Combine(own, "server.pem");
            File.WriteAllText(pem, CompanyAuthority.ToPem(authority.IssuePeer()));
            File.WriteAllText(Path.Combine(own, "ca.pem"), authority.Certificate.ExportCertificatePem());
            tls = $"ssl_certificate {pem}; ssl_certificate_key {pem}; ssl_protocols TLSv1.3;";
        }

        string user = Environment.IsPrivilegedProcess ? "user root;" : string.Empty;
        return string.Create(
            CultureInfo.InvariantCulture,
            $$"""
            daemon off; master_process off; {{user}} pid {{own}}/pid; error_log {{own}}/errors;
            events { worker_connections 64; }
            http {
              access_log off; sendfile on; client_max_body_size 0; keepalive_requests 1000000;
              client_body_temp_path {{own}}/bodies; proxy_temp_path {{own}}/p; fastcgi_temp_path {{own}}/f;
              uwsgi_temp_path {{own}}/u; scgi_temp_path {{own}}/s;
              server {
                listen 127.0.0.1:{{port}}{{(tls.Length > 0 ? " ssl" : string.Empty)}}; root {{root}}; {{tls}}
                dav_methods PUT; create_full_put_path on;
              }
            }
            """);
    }

    private async Task<string> WriteCommandsAsync(
        string folder, string name, string[] files, Func<string, string> local, string copy)
    {
        string path = Path.Combine(folder, name + ".curl");
        string authority = way == HttpWay.Tls ? $"insecure\n" : string.Empty;
        await File.WriteAllTextAsync(
            path,
            string.Join("next\n", files.Select(file => $"{authority}silent\nfail\n{local(file)}\n" +
                $"url = \"{address}{copy}{file}\"\n")));
        return path;
    }

    private async Task<Cost> MeasureAsync(
        Workload workload, string script, string commands, string source, string destination)
    {
        await Machine.SettleAsync(workload);
        return await Command.MeasureAsync("sh", ["-c", script, commands, source, destination], server);
    }
}

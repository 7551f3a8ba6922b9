/*
 * Copyright (C) ngx_video authors
 *
 * The player page: plays any HLS or DASH address with hls.js, dash.js, Shaka
 * or the browser itself, and shows what the picture really does.
 *
 * Query: ?url=ADDRESS&player=auto|hls|dash|shaka|native&muted=1&autoplay=0
 *        &licence=ADDRESS
 * For tests window.videoStats holds what the page shows.
 */

import { drivers } from './drivers.js';

const $ = (id) => document.getElementById(id);

const SAMPLE_MS = 100;          /* how often the picture is looked at */
const STALL_MS = 350;           /* a standing picture is a stall after this */
const CHART_SECONDS = 60;
const STATUS_MS = 5000;

const video = $('video');

/* What is playing: a driver, and what was seen of it. */
let session = null;
let points = [];


/* --- a session ------------------------------------------------------------ */

function newStats(url, player)
{
    return {
        url,
        player,
        state: 'loading',
        live: false,
        time: 0,                /* position in the media, s */
        played: 0,              /* media shown so far, s */
        latency: null,          /* behind the source, s; null when a file */
        buffered: 0,            /* ahead of the position, s */
        frames: 0,              /* decoded */
        dropped: 0,
        presented: 0,           /* by requestVideoFrameCallback */
        stalls: 0,
        stallTime: 0,           /* s */
        startup: null,          /* s until the first frame */
        width: 0,
        height: 0,
        bitrate: 0,
        level: null,
        errors: [],             /* { time, text, fatal } */
    };
}


function choose(player, url)
{
    if (player !== 'auto') {
        return player;
    }

    return /\.mpd($|[?#])/.test(url) ? 'dash' : 'hls';
}


async function stop()
{
    const old = session;

    session = null;

    if (old) {
        clearInterval(old.timer);
        video.pause();
        old.stats.state = 'stopped';
        await old.driver?.destroy();
    }

    $('subtitles').closest('label').hidden = true;
    setState('stopped');
}


async function play()
{
    const url = new URL($('url').value.trim(), location.href).href;
    const player = choose($('player').value, url);
    const asked = $('licence').value.trim();
    const licence = asked ? new URL(asked, location.href).href : null;

    await stop();

    points = [];
    $('log').replaceChildren();
    $('message').hidden = true;
    remember();

    const mine = {
        stats: newStats(url, player),
        driver: null,
        started: performance.now(),
        wall: performance.now(),
        stalledSince: null,
        ticks: 0,
    };

    session = mine;
    window.videoStats = mine.stats;
    setState('loading');
    note(`playing ${url}`);

    const report = (text, fatal, status) => {
        if (session === mine) {
            failure(mine, text, fatal, status);
        }
    };

    try {
        const driver = await drivers[player](
            { video, report, mute, licence }, url);

        if (session !== mine) {
            await driver.destroy();
            return;
        }

        mine.driver = driver;

    } catch (error) {
        report(error.message, true);
        return;
    }

    countFrames(mine);
    mine.timer = setInterval(() => sample(mine), SAMPLE_MS);

    if (!mine.driver.starts) {
        start();
    }
}


/* A page may not make a sound before it is touched; a silent one may play. */
function mute()
{
    note('the browser wants a click before it plays sound: muted');
    video.muted = true;
}


async function start()
{
    try {
        await video.play();

    } catch (error) {
        if (error.name === 'NotAllowedError' && !video.muted) {
            mute();
            video.play().catch(() => {});
        }
    }
}


function failure(mine, text, fatal, status)
{
    const time = round((performance.now() - mine.started) / 1000, 2);

    mine.stats.errors.push({ time, text, fatal: !!fatal });
    note(text, 'bad');

    if (!fatal) {
        return;
    }

    mine.stats.state = 'failed';
    setState('failed');

    let words = `This stream can't be played: ${text}.`;

    if (status === 404) {
        words = 'There is no such stream (HTTP 404).';
        words += /\/live\//.test(mine.stats.url)
            ? ' Is somebody publishing it?' : ' Is the file there?';

    } else if (status === 422) {
        words = 'This file is damaged or of a kind that can\'t be played'
                + ' (HTTP 422). The server\'s log says why.';
    }

    $('message').querySelector('p').textContent = words;
    $('message').hidden = false;
}


function countFrames(mine)
{
    const count = () => {
        if (session === mine) {
            mine.stats.presented++;
            video.requestVideoFrameCallback(count);
        }
    };

    video.requestVideoFrameCallback?.(count);
}


function bufferAhead()
{
    const { buffered, currentTime } = video;

    for (let i = 0; i < buffered.length; i++) {
        if (buffered.start(i) <= currentTime + 0.1
            && buffered.end(i) >= currentTime)
        {
            return buffered.end(i) - currentTime;
        }
    }

    return 0;
}


/* Looks at the picture once; everything that is shown comes from here. */
function sample(mine)
{
    const { stats, driver } = mine;
    const now = performance.now();
    const time = video.currentTime;
    const moved = time - stats.time;
    const quality = video.getVideoPlaybackQuality();
    const level = driver.level();
    const unseen = video.videoWidth === 0 && video.readyState > 1;

    if (stats.startup === null && moved > 0
        && (quality.totalVideoFrames > 0 || unseen))
    {
        stats.startup = round((now - mine.started) / 1000, 2);
        note(`first frame after ${stats.startup} s`);

    } else if (moved > 0 && moved < 1) {
        stats.played = round(stats.played + moved, 3);
    }

    watchStall(mine, now, moved);

    Object.assign(stats, {
        time,
        live: driver.live(),
        latency: round(driver.latency(), 3),
        buffered: round(bufferAhead(), 3),
        frames: quality.totalVideoFrames,
        dropped: quality.droppedVideoFrames,
        width: video.videoWidth,
        height: video.videoHeight,
        bitrate: level?.bitrate || 0,
        codecs: level?.codecs || '',
        level: level ? level.index : null,
        levels: level ? level.count : 0,
        name: driver.name,
    });

    if (stats.state === 'failed' && moved > 0) {
        /* some errors that a player calls fatal it survives */
        $('message').hidden = true;
        stats.state = 'playing';
        note('plays again');
    }

    if (stats.state !== 'failed') {
        stats.state = video.ended ? 'ended' : video.paused ? 'paused'
            : mine.stalledSince || stats.startup === null ? 'waiting'
            : 'playing';
        setState(stats.state);
    }

    mine.wall = now;

    if (mine.ticks++ % 5 === 0) {
        listTexts(mine.driver);
        points.push({ now, latency: stats.latency, buffer: stats.buffered });
        show(stats);
        draw(now);
    }
}


function watchStall(mine, now, moved)
{
    const { stats } = mine;
    const expected = stats.startup !== null && !video.paused && !video.ended
                     && !video.seeking && stats.state !== 'failed'
                     && now - mine.wall < 10 * SAMPLE_MS;

    if (moved !== 0 || !expected) {
        mine.stalledSince = null;
        mine.counted = false;
        return;
    }

    mine.stalledSince ??= mine.wall;

    if (mine.counted) {
        stats.stallTime = round(stats.stallTime + (now - mine.wall) / 1000, 2);

    } else if (now - mine.stalledSince > STALL_MS) {
        mine.counted = true;
        stats.stalls++;
        stats.stallTime += (now - mine.stalledSince) / 1000;
        note(`stall at ${round(video.currentTime, 2)} s`, 'bad');
    }
}


/* --- what is shown -------------------------------------------------------- */

function round(value, digits)
{
    return Number.isFinite(value) ? Number(value.toFixed(digits)) : null;
}


function setState(state)
{
    $('state').textContent = state;
    $('state').className = state;
}


function put(id, text, bad)
{
    const element = $(`s-${id}`);

    if (element.textContent !== text) {
        element.textContent = text;
    }

    element.classList.toggle('bad', !!bad);
}


function show(stats)
{
    const { latency, bitrate } = stats;

    const file = !stats.live && stats.startup !== null;

    put('latency', latency === null ? (file ? 'file' : '–')
                                    : `${latency.toFixed(2)} s`);
    put('buffer', `${stats.buffered.toFixed(2)} s`);
    put('size', stats.width ? `${stats.width} × ${stats.height}` : '–');
    put('bitrate', bitrate ? `${(bitrate / 1e6).toFixed(2)} Mbit/s` : '–');
    put('level', stats.level === null ? '–'
                 : `${stats.level + 1} of ${stats.levels}`);
    put('speed', `${video.playbackRate.toFixed(2)} ×`);
    put('frames', String(stats.frames));
    put('dropped', String(stats.dropped), stats.dropped > stats.frames / 50);
    put('stalls', stats.stalls
        ? `${stats.stalls}, ${stats.stallTime.toFixed(1)} s` : '0',
        stats.stalls > 0);
    put('startup', stats.startup === null ? '–' : `${stats.startup} s`);
    put('codecs', stats.codecs || '–');
    put('player', stats.name);
}


/* The choice of subtitles, when there are any; a player may change it too. */
function listTexts({ texts, text })
{
    const names = texts();
    const key = names.join('\n');
    const select = $('subtitles');

    select.closest('label').hidden = names.length === 0;

    if (select.dataset.key !== key) {
        select.dataset.key = key;
        select.replaceChildren(new Option('off', -1),
            ...names.map((name, i) => new Option(name, i)));
    }

    if (document.activeElement !== select) {
        select.value = text;
    }
}


function note(text, kind = '')
{
    const line = document.createElement('li');

    line.textContent = `${new Date().toLocaleTimeString('en-GB')}  ${text}`;
    line.className = kind;
    $('log').prepend(line);

    while ($('log').children.length > 100) {
        $('log').lastChild.remove();
    }
}


/* The scale ends at the next round number above the highest value. */
function scaleEnd(values)
{
    const highest = Math.max(1, ...values);
    const steps = [1, 2, 3, 5, 10, 15, 20, 30, 60, 120];

    return steps.find((step) => step >= highest) || highest;
}


function draw(now)
{
    const canvas = $('chart');
    const context = canvas.getContext('2d');
    const ratio = window.devicePixelRatio || 1;
    const width = canvas.clientWidth;
    const height = canvas.clientHeight;
    const style = getComputedStyle(document.documentElement);
    const left = 34;

    canvas.width = width * ratio;
    canvas.height = height * ratio;
    context.scale(ratio, ratio);

    points = points.filter((one) => now - one.now < CHART_SECONDS * 1000);

    const top = scaleEnd(points.flatMap((one) => [one.latency, one.buffer]));
    const x = (one) => width - (now - one.now) / 1000
                               / CHART_SECONDS * (width - left);
    const y = (value) => height - 6 - value / top * (height - 14);

    context.font = '11px system-ui, "DejaVu Sans", sans-serif';
    context.textAlign = 'right';
    context.textBaseline = 'middle';

    for (const value of [0, top / 2, top]) {
        context.fillStyle = style.getPropertyValue('--edge');
        context.fillRect(left, Math.round(y(value)), width - left, 1);
        context.fillStyle = style.getPropertyValue('--dim');
        context.fillText(`${value} s`, left - 6, y(value));
    }

    for (const name of ['buffer', 'latency']) {
        context.strokeStyle = style.getPropertyValue(`--${name}`);
        context.lineWidth = 2;
        context.beginPath();

        let pen = 'moveTo';

        for (const one of points) {
            if (one[name] === null) {
                pen = 'moveTo';
                continue;
            }

            context[pen](x(one), y(one[name]));
            pen = 'lineTo';
        }

        context.stroke();
    }
}


/* --- the form ------------------------------------------------------------- */

function absolute(path)
{
    return new URL(path, location.href).href;
}


/* The page's own address plays the same thing again. */
function remember()
{
    const query = new URLSearchParams(location.search);

    query.set('url', $('url').value);
    query.set('player', $('player').value);

    if ($('licence').value) {
        query.set('licence', $('licence').value);
    } else {
        query.delete('licence');
    }

    history.replaceState(null, '', `?${query}`);
}


function matchPreset()
{
    const wanted = new URL($('url').value || '/', location.href).href;
    const option = [...$('preset').options].find(
        (one) => one.value && absolute(one.value) === wanted);

    $('preset').value = option ? option.value : '';
}


/* Lists what is on air, when the server says so. */
async function listStreams()
{
    let names;

    try {
        const answer = await fetch('/status', { cache: 'no-store' });
        const status = await answer.json();

        names = (status.streams || []).map((one) => one.name).filter(
            (name) => typeof name === 'string' && name !== 'demo');

    } catch {
        return;                         /* no status here: only the presets */
    }

    const key = names.join('\n');

    if ($('streams').dataset.key === key) {
        return;
    }

    $('streams').dataset.key = key;
    $('streams').hidden = names.length === 0;
    $('streams').replaceChildren(...names.flatMap((name) => {
        const base = `/live/${encodeURIComponent(name)}`;

        return [new Option(`${name}, HLS`, `${base}/master.m3u8`),
                new Option(`${name}, DASH`, `${base}/manifest.mpd`)];
    }));
    matchPreset();
}


function init()
{
    const query = new URLSearchParams(location.search);

    $('url').value = absolute(query.get('url') || '/live/demo/master.m3u8');
    $('player').value = query.get('player') || 'auto';
    $('licence').value = query.get('licence') || '';
    video.muted = query.get('muted') === '1';
    matchPreset();

    if ($('player').selectedIndex < 0) {
        $('player').value = 'auto';
    }

    $('source').addEventListener('submit', (event) => {
        event.preventDefault();
        play();
    });

    $('preset').addEventListener('change', () => {
        if ($('preset').value) {
            $('url').value = absolute($('preset').value);
            $('player').value = 'auto';
            play();
        } else {
            $('url').select();
        }
    });

    $('url').addEventListener('input', matchPreset);
    $('player').addEventListener('change', play);
    $('subtitles').addEventListener('change', () => {
        if (session?.driver) {
            session.driver.text = Number($('subtitles').value);
        }
    });
    $('again').addEventListener('click', play);
    $('stop').addEventListener('click', stop);

    $('copy').addEventListener('click', async () => {
        try {
            await navigator.clipboard.writeText($('url').value);
            note('address copied');
        } catch {
            $('url').select();
            document.execCommand('copy');
        }
    });

    video.addEventListener('error', () => {
        if (session && session.stats.player === 'native') {
            failure(session, video.error?.message || 'media error', true);
        }
    });

    window.videoStats = newStats('', '');
    listStreams();
    setInterval(listStreams, STATUS_MS);

    if (query.get('autoplay') !== '0') {
        play();
    } else {
        setState('ready');
    }
}


init();
